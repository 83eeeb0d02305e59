// Regions and availability zones, as the settings name them.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Ec2Input } from '#formats/aws/ec2.generated.ts'
import { refuses } from '../../../test/organization.ts'
import { openWorld, type World } from '../../../test/world.ts'

let world: World
before(async () => {
  world = await openWorld()
})
after(() => world.close())
const regions = async (input: Ec2Input['DescribeRegions']) =>
  (await world.call('DescribeRegions', input)).Regions!.map(({ RegionName }) => RegionName)
const zones = async (input: Ec2Input['DescribeAvailabilityZones']) =>
  (await world.call('DescribeAvailabilityZones', input)).AvailabilityZones!.map(({ ZoneName }) => ZoneName)

test('the Regions of the settings are described, by name and through every filter', async () => {
  assert.deepEqual((await world.call('DescribeRegions', { RegionNames: ['us-east-1'] })).Regions, [
    { RegionName: 'us-east-1', Endpoint: 'ec2.us-east-1.amazonaws.com', OptInStatus: 'opt-in-not-required' },
  ])
  assert.deepEqual(await regions({}), ['us-east-1', 'eu-central-1'])
  for (const [Name, value] of [
    ['region-name', 'eu-*'],
    ['endpoint', '*.eu-central-1.*'],
  ] as const) {
    assert.deepEqual(await regions({ Filters: [{ Name, Values: [value] }] }), ['eu-central-1'], Name)
  }
  assert.deepEqual(await regions({ Filters: [{ Name: 'opt-in-status', Values: ['opted-in'] }] }), [])
  await refuses(regions({ RegionNames: ['mars-north-1'] }), { code: 'NotFound', what: 'region', id: 'mars-north-1' })
  await refuses(regions({ Filters: [{ Name: 'x', Values: ['y'] }] }), { code: 'InvalidFilter', name: 'x' })
  await refuses(regions({ DryRun: true }), { code: 'DryRunSucceeded' })
})

test('the zones of the request’s Region are described, by name, by id and through every filter', async () => {
  assert.deepEqual((await world.call('DescribeAvailabilityZones', { ZoneIds: ['use1-az2'] })).AvailabilityZones, [
    {
      State: 'available',
      OptInStatus: 'opt-in-not-required',
      Messages: [],
      RegionName: 'us-east-1',
      ZoneName: 'us-east-1b',
      ZoneId: 'use1-az2',
      GroupName: 'us-east-1',
      NetworkBorderGroup: 'us-east-1',
      ZoneType: 'availability-zone',
    },
  ])
  const all = ['us-east-1a', 'us-east-1b', 'us-east-1c']
  assert.deepEqual(await zones({}), all)
  assert.deepEqual(await zones({ ZoneNames: ['us-east-1c', 'us-east-1a'] }), ['us-east-1a', 'us-east-1c'])
  for (const [Name, value, names] of [
    ['group-name', 'us-east-1', all],
    ['message', 'x', []],
    ['network-border-group', 'us-east-1', all],
    ['opt-in-status', 'opt-in-not-required', all],
    ['region-name', 'us-east-1', all],
    ['state', 'impaired', []],
    ['zone-id', 'use1-az3', ['us-east-1c']],
    ['zone-name', '*b', ['us-east-1b']],
    ['zone-type', 'availability-zone', all],
  ] as const) {
    assert.deepEqual(await zones({ Filters: [{ Name, Values: [value] }] }), names, Name)
  }
  const elsewhere = await world.call('DescribeAvailabilityZones', {}, { region: 'eu-central-1' })
  assert.equal(elsewhere.AvailabilityZones![0]!.ZoneId, 'euc1-az1')
  for (const input of [{ ZoneNames: ['eu-central-1a'] }, { ZoneIds: ['use1-az9'] }]) {
    await refuses(zones(input), { code: 'NotFound', what: 'availability-zone' })
  }
  await refuses(world.call('DescribeAvailabilityZones', {}, { region: 'mars-north-1' }), {
    code: 'NotFound',
    what: 'region',
  })
})

test('an account has VPCs, and no default one', async () => {
  const { AccountAttributes: all } = await world.call('DescribeAccountAttributes', {})
  assert.deepEqual(
    all!.map(({ AttributeName, AttributeValues }) => [AttributeName, AttributeValues![0]!.AttributeValue]),
    [
      ['supported-platforms', 'VPC'],
      ['default-vpc', 'none'],
    ],
  )
  const one = await world.call('DescribeAccountAttributes', { AttributeNames: ['default-vpc'] })
  assert.equal(one.AccountAttributes!.length, 1)
})
