// What we write, read again: by a reader of a few lines, and by the real SDK.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import * as sdk from '@aws-sdk/client-ec2'
import fc from 'fast-check'
import type { Ec2Operation, Ec2Output } from '#formats/aws/ec2.generated.ts'
import { ec2Model } from '#formats/aws/service-model.ts'
import { Refused } from '#model/refusal.ts'
import { answerBytesMax, escapeXml } from '../xml-output.ts'
import { isLong, writeError, writeLongResponse, writeResponse } from './xml.ts'

interface Element {
  readonly name: string
  readonly children: readonly Element[]
  readonly text: string
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#13': '\r' }

/** Reads the XML that we write: elements and text, nothing else. */
function readXml(xml: string): Element {
  let at = xml.startsWith('<?') ? xml.indexOf('?>') + 3 : 0
  const element = (): Element => {
    const open = /^<([A-Za-z0-9]+)(?: xmlns="[^"<&]*")?>/.exec(xml.slice(at, at + 200))
    assert(open, `no element at ${at}: ${xml.slice(at, at + 40)}`)
    at += open[0].length
    const children: Element[] = []
    let text = ''
    const close = `</${open[1]}>`
    while (!xml.startsWith(close, at)) {
      if (xml[at] === '<') children.push(element())
      else {
        const end = xml.indexOf('<', at)
        text += xml.slice(at, end).replace(/&([^;]+);/g, (_, name) => entities[name] ?? assert.fail(`entity ${name}`))
        at = end
      }
    }
    at += close.length
    return { name: open[1]!, children, text }
  }
  const root = element()
  assert.equal(at, xml.length)
  return root
}

function sample(shapeName: string, seed: number): unknown {
  const shape = ec2Model.shapes[shapeName]!
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(shape.members ?? {}).map(([name, member], at) => [name, sample(member.shape, seed + at)]),
      )
    case 'list':
      return Array.from({ length: seed % 3 }, (_, at) => sample(shape.member!.shape, seed + 5 * at))
    case 'boolean':
      return seed % 2 === 0
    case 'integer':
    case 'long':
      return seed
    case 'double':
      return seed / 4
    case 'timestamp':
      return Date.UTC(2026, 0, 2, 3, 4, seed % 60, seed % 1000)
    default:
      return `v${seed} <&>"'\r\n é`
  }
}

/** The inverse of the writer, from the model's description alone. */
function interpret(shapeName: string, { children, text }: Element): unknown {
  const shape = ec2Model.shapes[shapeName]!
  switch (shape.type) {
    case 'structure':
      return Object.fromEntries(
        Object.entries(shape.members ?? {}).flatMap(([name, member]) => {
          const found = children.filter((child) => child.name === (member.locationName ?? name))
          assert(found.length <= 1)
          return found.map((child) => [name, interpret(member.shape, child)])
        }),
      )
    case 'list':
      return children.map((child) => {
        assert.equal(child.name, shape.member!.locationName ?? 'item')
        return interpret(shape.member!.shape, child)
      })
    case 'boolean':
      return text === 'true'
    case 'integer':
    case 'long':
    case 'double':
      return Number(text)
    case 'timestamp':
      return Date.parse(text)
    default:
      return text
  }
}

test('every operation says every member that the model gives it', () => {
  for (const [name, { output }] of Object.entries(ec2Model.operations)) {
    for (const seed of output ? [1, 2, 3] : []) {
      const value = sample(output!, seed)
      const root = readXml(writeResponse(name as Ec2Operation, value, 'request-1'))
      assert.equal(root.name, `${name}Response`)
      assert.deepEqual(root.children[0], { name: 'requestId', children: [], text: 'request-1' })
      assert.deepEqual(interpret(output!, root), value, name)
    }
  }
})

test('an operation without output says that it was done, and undefined members are left out', () => {
  assert.match(
    writeResponse('ReleaseAddress', {}, 'r'),
    /<requestId>r<\/requestId><return>true<\/return><\/ReleaseAddressResponse>$/,
  )
  const xml = writeResponse('AllocateAddress', { AllocationId: 'a', PublicIp: undefined }, 'r')
  assert.match(xml, /<requestId>r<\/requestId><allocationId>a<\/allocationId><\/AllocateAddressResponse>$/)
})

test('timestamps have milliseconds and end in Z', () => {
  const xml = writeResponse('CreateNatGateway', { NatGateway: { CreateTime: Date.UTC(2026, 0, 2, 3, 4, 5) } }, 'r')
  assert.match(xml, /<createTime>2026-01-02T03:04:05\.000Z<\/createTime>/)
})

test('I4 any text survives the escaper, but for what XML 1.0 cannot say', () => {
  const check = (text: string): void => {
    const xml = escapeXml(text)
    assert.match(xml, /^[\t\n\u0020-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u)
    assert.doesNotMatch(xml, /[<>"']|&(?!(amp|lt|gt|quot|apos|#13);)/)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML cannot say.
    const expected = text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    assert.equal(readXml(`<a>${xml}</a>`).text, expected)
  }
  check('a&b<c>d"e\'f\rg\th\n\0\u0008\u001f\ufffe')
  check('\ud800x\udc00\ud83d\ude00')
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 50 }), check), { numRuns: 1_000 })
})

test('an error has EC2 form, and its text is escaped', () => {
  const root = readXml(writeError('InvalidParameterValue', 'the value `<x>` & more', 'r'))
  assert.equal(root.name, 'Response')
  assert.deepEqual(
    root.children.map(({ name }) => name),
    ['Errors', 'RequestID'],
  )
  assert.equal(root.children[0]!.children[0]!.children[1]!.text, 'the value `<x>` & more')
})

let status = 200
let body = ''
const server = createServer((_, response) => {
  response.writeHead(status, { 'Content-Type': 'text/xml;charset=UTF-8', 'x-amzn-RequestId': 'request-1' }).end(body)
})
let client: sdk.EC2Client

before(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  client = new sdk.EC2Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
  })
})

after(() => {
  client.destroy()
  server.close()
})

const at = Date.UTC(2026, 0, 2, 3, 4, 5)
const tags = [{ Key: 'Name', Value: 'a & b <c>' }]

/** Two of the SDK's members are Dates where ours are milliseconds; everything else must be equal. */
const samples: { readonly [Name in Ec2Operation]?: [command: new (input: never) => unknown, output: Ec2Output[Name]] } =
  {
    AllocateAddress: [
      sdk.AllocateAddressCommand,
      { AllocationId: 'eipalloc-1', PublicIp: '203.0.113.7', Domain: 'vpc' },
    ],
    DescribeAddresses: [
      sdk.DescribeAddressesCommand,
      {
        Addresses: [
          { PublicIp: '203.0.113.7', Tags: tags },
          { PublicIp: '203.0.113.8', Tags: [] },
        ],
      },
    ],
    CreateIpam: [
      sdk.CreateIpamCommand,
      {
        Ipam: {
          IpamId: 'ipam-1',
          OperatingRegions: [{ RegionName: 'eu-central-1' }],
          ScopeCount: 2,
          EnablePrivateGua: false,
        },
      },
    ],
    DescribeIpamPools: [
      sdk.DescribeIpamPoolsCommand,
      {
        IpamPools: [{ IpamPoolId: 'p', AutoImport: true, AllocationResourceTags: tags, PoolDepth: 1 }],
        NextToken: 'n',
      },
    ],
    AllocateIpamPoolCidr: [
      sdk.AllocateIpamPoolCidrCommand,
      { IpamPoolAllocation: { Cidr: '10.0.0.0/24', IpamPoolAllocationId: 'a', ResourceType: 'custom' } },
    ],
    GetIpamPoolCidrs: [
      sdk.GetIpamPoolCidrsCommand,
      { IpamPoolCidrs: [{ Cidr: '10.0.0.0/8', State: 'provisioned', NetmaskLength: 8 }] },
    ],
    GetIpamPolicyAllocationRules: [
      sdk.GetIpamPolicyAllocationRulesCommand,
      {
        IpamPolicyDocuments: [
          { IpamPolicyId: 'p', Locale: 'l', ResourceType: 'eip', AllocationRules: [{ SourceIpamPoolId: 'x' }] },
        ],
      },
    ],
    EnableIpamPolicy: [sdk.EnableIpamPolicyCommand, { IpamPolicyId: 'ipam-policy-1' }],
    CreateNatGateway: [
      sdk.CreateNatGatewayCommand,
      {
        NatGateway: {
          NatGatewayId: 'nat-1',
          CreateTime: at,
          NatGatewayAddresses: [{ AllocationId: 'e', IsPrimary: true }],
        },
      },
    ],
    CreateVpc: [
      sdk.CreateVpcCommand,
      {
        Vpc: {
          VpcId: 'vpc-1',
          CidrBlock: '10.0.0.0/16',
          IsDefault: false,
          CidrBlockAssociationSet: [{ CidrBlock: '10.0.0.0/16', CidrBlockState: { State: 'associated' } }],
        },
      },
    ],
    DescribeTags: [
      sdk.DescribeTagsCommand,
      { Tags: [{ Key: 'k', Value: 'v', ResourceId: 'r', ResourceType: 'ipam' }] },
    ],
    ReleaseAddress: [sdk.ReleaseAddressCommand, {}],
  }

for (const [name, [Command, output]] of Object.entries(samples)) {
  test(`the SDK reads our ${name} as we meant it`, async () => {
    status = 200
    body = writeResponse(name as Ec2Operation, output, 'request-1')
    // The commands differ in their inputs, which do not matter here: the server answers a constant.
    const answer = await client.send(new Command({ TagSpecifications: [] } as never) as sdk.DescribeIpamsCommand)
    const { $metadata, ...rest } = answer
    assert.equal($metadata.requestId, 'request-1')
    const asSent = JSON.parse(JSON.stringify(rest, (_, value) => value))
    const expected = JSON.parse(JSON.stringify(output).replace(String(at), `"${new Date(at).toISOString()}"`))
    assert.deepEqual(asSent, expected)
  })
}

test('the SDK reads our errors', async () => {
  status = 400
  body = writeError('InvalidIpamPoolId.NotFound', "The ipam-pool ID 'x' does not exist", 'request-2')
  await assert.rejects(client.send(new sdk.DescribeIpamsCommand({})), (error: sdk.EC2ServiceException) => {
    assert.equal(error.name, 'InvalidIpamPoolId.NotFound')
    assert.equal(error.message, "The ipam-pool ID 'x' does not exist")
    assert.equal(error.$metadata.requestId, 'request-1')
    return true
  })
})

const Addresses = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ PublicIp: '203.0.113.1', AllocationId: `eipalloc-${n}`, Domain: 'vpc' }))

test('D3 an answer that lists much is the same when it is written with turns for others in between', async () => {
  let turns = 0
  const nextTurn = async () => {
    turns++
  }
  const long = (output: object) => writeLongResponse('DescribeAddresses', output, { requestId: 'r&', nextTurn })
  for (const count of [0, 999, 1_000, 1_500, 3_500]) {
    turns = 0
    const output = {
      Addresses: Addresses(count).map((one) => ({ ...one, Tags: [{ Key: 'é&', Value: `<${count}>` }] })),
    }
    assert.equal(String(await long(output)), writeResponse('DescribeAddresses', output, 'r&'))
    assert.equal(turns, Math.ceil(count / 1_000), 'one for every thousand elements')
    assert.equal(isLong(output), count > 1_000)
  }
  await assert.rejects(
    long({ Addresses: Addresses(100_000) }),
    (error) => error instanceof Refused && error.refusal.code === 'AnswerTooLarge',
  )
  assert(turns < 100, 'and no more is written than such an answer may have')
})

test('D3 an answer that lists more than it may have is refused, and says what to do', () => {
  assert(writeResponse('DescribeAddresses', { Addresses: Addresses(10_000) }, 'request').length < answerBytesMax)
  assert.throws(
    () => writeResponse('DescribeAddresses', { Addresses: Addresses(100_000) }, 'request'),
    (error) => error instanceof Refused && error.refusal.code === 'AnswerTooLarge',
  )
})
