// Every operation's input through a naive encoder and back, and every rule of the model seen to refuse.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ec2Operation } from '#formats/aws/ec2.generated.ts'
import { ec2Model, type Shape } from '#formats/aws/service-model.ts'
import { problemInWords } from '#model/problems/problem.ts'
import { type Refusal, Refused } from '#model/refusal.ts'
import { parseForm } from '../form.ts'
import { ec2KeyOf, readEc2Action, readInput } from './query.ts'

const operations = Object.keys(ec2Model.operations) as Ec2Operation[]

/** A value that the shape allows, different at each `seed`. */
function sample(shapeName: string, seed: number): unknown {
  const shape = ec2Model.shapes[shapeName]!
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(shape.members ?? {}).map(([name, member], at) => [name, sample(member.shape, seed + at)]),
      )
    case 'list':
      return [0, 1].map((at) => sample(shape.member!.shape, seed + 10 * at))
    case 'boolean':
      return seed % 2 === 0
    case 'integer':
    case 'long':
      return (shape.min ?? 0) + (seed % ((shape.max ?? 1_000) - (shape.min ?? 0) + 1))
    case 'double':
      return seed + 0.5
    case 'timestamp':
      return Date.UTC(2026, 0, 2, 3, 4, 5, seed % 1000)
    default:
      return shape.enum ? shape.enum[seed % shape.enum.length] : `value ${seed} & ünïcödé`
  }
}

/** Written from the protocol's description alone: dots, `.N`, and the rule of names. */
function encode(shapeName: string, value: unknown, path: string): string[] {
  const shape: Shape = ec2Model.shapes[shapeName]!
  if (shape.type === 'structure') {
    return Object.entries(value as Record<string, unknown>).flatMap(([name, inner]) => {
      const member = shape.members![name]!
      return encode(member.shape, inner, `${path === '' ? '' : `${path}.`}${ec2KeyOf(name, member)}`)
    })
  }
  if (shape.type === 'list') {
    return (value as unknown[]).flatMap((item, at) => encode(shape.member!.shape, item, `${path}.${at + 1}`))
  }
  const text = shape.type === 'timestamp' ? new Date(value as number).toISOString() : String(value)
  return [`${path}=${encodeURIComponent(text)}`]
}

function read(name: Ec2Operation, text: string): unknown {
  return readInput(name, parseForm(Buffer.from(`Action=${name}&Version=2016-11-15&${text}`)))
}

/** Readers make objects without prototypes; comparisons want ordinary ones. */
const ordinary = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

function refusalOf(run: () => unknown): Refusal {
  try {
    run()
  } catch (error) {
    assert(error instanceof Refused, `not a refusal: ${error}`)
    return error.refusal
  }
  assert.fail('accepted')
}

test('all operations of the model read every member that it gives them', () => {
  assert.ok(operations.length >= 180, String(operations.length))
  let parameters = 0
  for (const name of operations) {
    const shape = ec2Model.operations[name]!.input!
    for (const seed of [1, 2, 7]) {
      const input = sample(shape, seed)
      const encoded = encode(shape, input, '')
      parameters += encoded.length
      assert.deepEqual(ordinary(read(name, encoded.join('&'))), ordinary(input), name)
      assert.deepEqual(ordinary(read(name, encoded.toReversed().join('&'))), ordinary(input), `${name}, backwards`)
    }
  }
  assert(parameters > 3_000, `only ${parameters} parameters`)
})

test('Z5 every operation refuses a parameter that it does not have', () => {
  for (const name of operations) {
    const shape = ec2Model.operations[name]!.input!
    const encoded = encode(shape, sample(shape, 1), '')
    for (const [extra, field] of [
      ['Extra=1', 'Extra'],
      ['constructor=1', 'constructor'],
      ['DryRun2.1=1', 'DryRun2'],
    ]) {
      assert.deepEqual(
        refusalOf(() => read(name, [...encoded, extra].join('&'))),
        { code: 'UnknownParameter', field },
        name,
      )
    }
  }
})

test('every required member that is missing is named by its wire path', () => {
  let seen = 0
  for (const name of operations) {
    const shapeName = ec2Model.operations[name]!.input!
    const shape = ec2Model.shapes[shapeName]!
    for (const required of shape.required ?? []) {
      const { [required]: _, ...others } = sample(shapeName, 1) as Record<string, unknown>
      const refusal = refusalOf(() => read(name, encode(shapeName, others, '').join('&')))
      assert.deepEqual(
        refusal,
        { code: 'MissingParameter', field: ec2KeyOf(required, shape.members![required]!) },
        name,
      )
      seen++
    }
  }
  assert(seen > 100)
  const nested = 'PrefixListName=a&MaxEntries=1&AddressFamily=IPv4&Entry.1.Cidr=10.0.0.0/8&Entry.2.Description=x'
  assert.deepEqual(
    refusalOf(() => read('CreateManagedPrefixList', nested)),
    { code: 'MissingParameter', field: 'Entry.2.Cidr' },
  )
})

function problemOf(name: Ec2Operation, text: string): string {
  const refusal = refusalOf(() => read(name, text))
  assert.equal(refusal.code, 'InvalidParameterValue')
  return refusal.code === 'InvalidParameterValue' ? `${refusal.field}: ${problemInWords(refusal.problem)}` : ''
}

test('values of the wrong type, range or enumeration are refused with what is allowed', () => {
  assert.equal(problemOf('AllocateAddress', 'Domain=mars'), 'Domain: Allowed are `vpc`, `standard`.')
  assert.equal(problemOf('AllocateAddress', 'Domain='), 'Domain: Allowed are `vpc`, `standard`.')
  assert.equal(problemOf('AllocateAddress', 'DryRun=yes'), 'DryRun: Allowed are `true` and `false`.')
  assert.equal(problemOf('AllocateAddress', 'DryRun='), 'DryRun: Allowed are `true` and `false`.')
  assert.equal(problemOf('DescribeIpams', 'MaxResults=1001'), 'MaxResults: Expected a value from 5 to 1000.')
  assert.equal(problemOf('DescribeIpams', 'MaxResults=4'), 'MaxResults: Expected a value from 5 to 1000.')
  for (const value of [
    '',
    ' 5',
    '5.0',
    '1e2',
    '0x10',
    '05',
    '+5',
    '-0',
    '--5',
    '99999999999999999999',
    'NaN',
    'Infinity',
    '٥',
  ]) {
    assert.match(problemOf('DescribeIpams', `MaxResults=${encodeURIComponent(value)}`), /^MaxResults: Expected/, value)
  }
  assert.match(
    problemOf('GetIpamAddressHistory', 'Cidr=10.0.0.0/8&IpamScopeId=x&StartTime=yesterday'),
    /^StartTime: Expected a moment/,
  )
  for (const time of [
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01',
    '2026-01-01T00:00:00',
    '2026-01-01T25:00:00Z',
    '',
  ]) {
    assert.match(problemOf('GetIpamAddressHistory', `Cidr=x&IpamScopeId=x&StartTime=${time}`), /^StartTime/, time)
  }
})

test('booleans may be written in any case, empty strings are strings', () => {
  assert.deepEqual(ordinary(read('AllocateAddress', 'DryRun=TRUE&IpamPoolId=')), { DryRun: true, IpamPoolId: '' })
})

test('enumerations that we extend are left to the operation', () => {
  const input = 'TagSpecification.1.ResourceType=gcp-address&TagSpecification.1.Tag.1.Key=a'
  assert.doesNotThrow(() => read('AllocateAddress', input))
  assert.doesNotThrow(() =>
    read('ModifyIpamPolicyAllocationRules', 'IpamPolicyId=x&Locale=y&ResourceType=azure-public-ip'),
  )
})

test('I2 a sparse list closes up in the order of its indices', () => {
  const input = read('DescribeAddresses', 'PublicIp.900=c&PublicIp.2=a&PublicIp.10=b')
  assert.deepEqual(ordinary(input), { PublicIps: ['a', 'b', 'c'] })
})

test('I3 lists, structures and values cannot stand in for each other', () => {
  assert.match(problemOf('DescribeAddresses', 'PublicIp=a'), /^PublicIp: It is a list: write `PublicIp.1`/)
  assert.match(problemOf('AllocateAddress', 'TagSpecification.1=a'), /^TagSpecification.1: It is a structure/)
  const unknown = (text: string): Refusal => refusalOf(() => read('AllocateAddress', text))
  assert.deepEqual(unknown('Domain.1=vpc'), { code: 'UnknownParameter', field: 'Domain.1' })
  assert.deepEqual(unknown('TagSpecification.x.Tag=1'), { code: 'UnknownParameter', field: 'TagSpecification.x' })
  assert.deepEqual(unknown('TagSpecifications.1.ResourceType=1'), {
    code: 'UnknownParameter',
    field: 'TagSpecifications',
  })
})

test('a filter has 200 values at most', () => {
  const values = (count: number): string =>
    `Filter.1.Name=x&${Array.from({ length: count }, (_, at) => `Filter.1.Value.${at + 1}=v`).join('&')}`
  assert.doesNotThrow(() => read('DescribeAddresses', values(200)))
  assert.equal(refusalOf(() => read('DescribeAddresses', values(201))).code, 'LimitExceeded')
})

test('an unknown action, or another version, is not this API', () => {
  const action = (text: string): unknown => readEc2Action(parseForm(Buffer.from(text)))
  assert.equal(action('Action=AllocateAddress&Version=2016-11-15'), 'AllocateAddress')
  assert.deepEqual(
    refusalOf(() => action('Version=2016-11-15')),
    { code: 'MissingParameter', field: 'Action' },
  )
  assert.deepEqual(
    refusalOf(() => action('Action=AllocateAddress')),
    { code: 'MissingParameter', field: 'Version' },
  )
  for (const name of ['RunInstances', 'toString', 'allocateAddress', '__proto__']) {
    assert.equal(refusalOf(() => action(`Action=${name}&Version=2016-11-15`)).code, 'InvalidAction')
  }
  assert.equal(refusalOf(() => action('Action=AllocateAddress&Version=2010-01-01')).code, 'InvalidAction')
})
