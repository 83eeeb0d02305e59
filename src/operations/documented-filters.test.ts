// Every filter that AWS documents is known: one for what there is none of here matches nothing, and is not called unknown.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { documentedFilters } from '../../test/service-documentation.ts'
import { openWorld, type World } from '../../test/world.ts'
import { operationTables } from './tables.aws.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())

test('every filter that is documented for an operation is taken by it', async () => {
  let tried = 0
  const { VpcId } = (await world.call('CreateVpc', { CidrBlock: '10.1.0.0/16' })).Vpc!
  const { SubnetId } = (await world.call('CreateSubnet', { VpcId: VpcId!, CidrBlock: '10.1.0.0/24' })).Subnet!
  /** What a list cannot do without. */
  const needed: { readonly [Name in Ec2Operation]?: object } = { GetSubnetCidrReservations: { SubnetId } }
  const unknown: string[] = []
  for (const operation of operationTables.ec2.keys()) {
    const { field, names } = documentedFilters(operation) ?? { field: 'Filters', names: [] }
    for (const Name of names) {
      tried++
      const input = { ...needed[operation as Ec2Operation], [field]: [{ Name, Values: ['nothing has this value'] }] }
      const answer = await world.call(operation as Ec2Operation, input as never).catch(() => undefined)
      if (!answer) unknown.push(`${operation} ${Name}`)
    }
  }
  assert.ok(tried > 100, `${tried} filters were tried`)
  assert.deepEqual(unknown, [])
})

test('a filter without values matches nothing, and is known all the same', async () => {
  await world.call('CreateVpc', { CidrBlock: '10.0.0.0/16' })
  assert.deepEqual((await world.call('DescribeVpcs', { Filters: [{ Name: 'vpc-id' }] })).Vpcs, [])
  assert.deepEqual((await world.call('DescribeVpcs', { Filters: [{ Name: 'state', Values: [] }] })).Vpcs, [])
  await assert.rejects(world.call('DescribeVpcs', { Filters: [{ Name: 'colour' }] }), { message: 'InvalidFilter' })
})

test('the older spelling of the default VPC is the same filter', async () => {
  const count = async (value: string) =>
    (await world.call('DescribeVpcs', { Filters: [{ Name: 'isDefault', Values: [value] }] })).Vpcs!.length
  assert.deepEqual(
    [await count('false'), await count('true')],
    [(await world.call('DescribeVpcs', {})).Vpcs!.length, 0],
  )
})
