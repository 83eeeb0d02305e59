// What networks reserve, and what may be inside of what.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bitsOf, formatAddress, formatCidr, parseCidr, sizeOf } from '../cidr.ts'
import { canBeDivided, keepsWhatIsReserved, nestingProblem, reservedBlocks, reservedEnds } from './nesting.ts'
import { findResourceType, resourceTypes } from './resource-types.ts'

const typeOf = (name: string) => findResourceType(name)!
const reservedIn = (type: string, text: string): string => {
  const cidr = parseCidr(text)!
  const ends = reservedEnds(typeOf(type), cidr)
  return (ends ? reservedBlocks(cidr, ends) : []).map(formatCidr).join(' ')
}

test('each cloud keeps the addresses that it documents, in both families', () => {
  const documented: [string, string, string][] = [
    ['subnet', '10.0.0.0/24', '10.0.0.0/30 10.0.0.255/32'],
    ['subnet', '10.0.0.16/28', '10.0.0.16/30 10.0.0.31/32'],
    ['subnet', '2001:db8::/64', '2001:db8::/126 2001:db8::ffff:ffff:ffff:ffff/128'],
    ['azure:subnet', '10.0.0.0/29', '10.0.0.0/30 10.0.0.7/32'],
    ['gcp:subnetwork', '10.0.0.0/29', '10.0.0.0/31 10.0.0.6/31'],
    ['gcp:subnetwork', 'fd20::/64', ''],
    ['onprem:network', '10.0.0.0/30', '10.0.0.0/31 10.0.0.3/32'],
    ['onprem:network', '2001:db8::/64', '2001:db8::/127'],
    ['vpc', '10.0.0.0/16', ''],
    ['azure:virtual-network', '10.0.0.0/16', ''],
  ]
  for (const [type, cidr, reserved] of documented) assert.equal(reservedIn(type, cidr), reserved, `${type} ${cidr}`)
})

test('both addresses of a point-to-point link are in use', () => {
  for (const cidr of ['10.0.0.0/31', '10.0.0.0/32', '2001:db8::/127', '2001:db8::/128']) {
    assert.equal(reservedIn('onprem:network', cidr), '', cidr)
  }
})

test('the blocks are aligned, and exactly the addresses at the two ends', () => {
  for (const text of ['10.0.0.0/24', '10.0.0.128/28', '2001:db8::/120']) {
    const cidr = parseCidr(text)!
    for (let first = 0; first <= 8; first++) {
      for (let last = 0; last <= 8; last++) {
        const found = reservedBlocks(cidr, { first, last }).flatMap((block) => {
          assert.equal(block.first % sizeOf(block), 0n)
          return Array.from({ length: Number(sizeOf(block)) }, (_, at) => block.first + BigInt(at))
        })
        const end = cidr.first + sizeOf(cidr)
        const wanted = [
          ...Array.from({ length: first }, (_, at) => cidr.first + BigInt(at)),
          ...Array.from({ length: last }, (_, at) => end - BigInt(last - at)),
        ]
        const textOf = (at: bigint) => formatAddress({ family: cidr.family, first: at, length: bitsOf(cidr.family) })
        assert.deepEqual(found.map(textOf), wanted.map(textOf), `${text} ${first} ${last}`)
      }
    }
  }
})

test('a network inside has what the outer one keeps where it keeps it too, and what is too small for that never', () => {
  const cidr = parseCidr('10.0.0.0/28')!
  const network = typeOf('onprem:network')
  const reserved = reservedBlocks(cidr, reservedEnds(network, cidr)!)
  const addresses = reserved.flatMap((block) =>
    Array.from({ length: Number(sizeOf(block)) }, (_, at) => block.first + BigInt(at)),
  )
  for (const type of [network, typeOf('gcp:subnetwork'), typeOf('k8s:network')]) {
    for (let length = 28; length <= 32; length++) {
      const size = 2n ** BigInt(32 - length)
      for (let first = cidr.first; first < cidr.first + sizeOf(cidr); first += size) {
        const block = { ...cidr, first, length }
        const own = reservedEnds(type, block)
        const kept = own ? reservedBlocks(block, own) : []
        const isKept = (at: bigint) => kept.some((one) => at >= one.first && at < one.first + sizeOf(one))
        const wanted = addresses.every((at) => at < first || at >= first + size || isKept(at))
        assert.equal(keepsWhatIsReserved(type, block, reserved), wanted, `${type.name} ${formatCidr(block)}`)
      }
    }
  }
})

test('whole networks are made of no other, subnets of no subnet, and hosts have no inside', () => {
  for (const type of resourceTypes) {
    for (const outer of resourceTypes.filter(canBeDivided)) {
      const isWrong = type.level === 'network' || (type.level === 'subnet' && outer.level === 'subnet')
      assert.equal(nestingProblem(type, outer) !== undefined, isWrong, `${type.name} in ${outer.name}`)
    }
  }
  assert.equal(nestingProblem(typeOf('subnet'), typeOf('vpc')), undefined)
  assert.equal(nestingProblem(typeOf('onprem:network'), typeOf('onprem:network')), undefined)
  assert.deepEqual(
    ['onprem:host', 'eip', 'custom'].map((name) => canBeDivided(typeOf(name))),
    [false, false, false],
  )
})
