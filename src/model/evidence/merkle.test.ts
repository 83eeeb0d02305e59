// Claims about trees, proofs and tiles: published vectors, small trees tried in full, and random ones against a second implementation that
// is the recursive definition of RFC 6962, word for word.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { emptyRoot, equalHashes, leafHash, type Sha256 } from './hashing.ts'
import {
  consistencyPath,
  Frontier,
  inclusionPath,
  isConsistent,
  joinNodes,
  nodesOf,
  type Range,
  rootOfInclusion,
} from './merkle.ts'
import {
  bundleOf,
  hashesWithin,
  hashInTile,
  leavesIn,
  parseTilePath,
  pathOfEntries,
  pathOfTile,
  rootOfComplete,
  tilesAt,
  tilesOf,
  tileWith,
} from './tiles.ts'

const sha256: Sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest())
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

/** RFC 6962, section 2.1, as it is written there. */
const naive = {
  split(n: number): number {
    let k = 1
    while (k << 1 < n) k <<= 1
    return k
  },
  root(data: readonly Uint8Array[]): Buffer {
    const digest = (...parts: readonly Uint8Array[]) => createHash('sha256').update(Buffer.concat(parts)).digest()
    if (data.length === 0) return digest()
    if (data.length === 1) return digest(Buffer.from([0]), data[0]!)
    const k = naive.split(data.length)
    return digest(Buffer.from([1]), naive.root(data.slice(0, k)), naive.root(data.slice(k)))
  },
  path(m: number, data: readonly Uint8Array[]): Buffer[] {
    if (data.length === 1) return []
    const k = naive.split(data.length)
    return m < k
      ? [...naive.path(m, data.slice(0, k)), naive.root(data.slice(k))]
      : [...naive.path(m - k, data.slice(k)), naive.root(data.slice(0, k))]
  },
  proof(m: number, data: readonly Uint8Array[], isWhole = true): Buffer[] {
    if (m === data.length) return isWhole ? [] : [naive.root(data)]
    const k = naive.split(data.length)
    return m <= k
      ? [...naive.proof(m, data.slice(0, k), isWhole), naive.root(data.slice(k))]
      : [...naive.proof(m - k, data.slice(k), false), naive.root(data.slice(0, k))]
  },
}

const dataOf = (size: number): Uint8Array[] => Array.from({ length: size }, (_, at) => bytes(hex(Buffer.from(`${at}`))))
function frontierOf(data: readonly Uint8Array[]): Frontier {
  const frontier = new Frontier(sha256)
  for (const one of data) frontier.add(leafHash(sha256, one))
  return frontier
}
const rootOf = (data: readonly Uint8Array[]): Uint8Array => frontierOf(data).root()
/** Of a range, from its complete subtrees, as somebody does who keeps only those. */
const hashOf = (data: readonly Uint8Array[], range: Range): Uint8Array =>
  joinNodes(
    sha256,
    nodesOf(range).map(({ level, index }) => rootOf(data.slice(index * 2 ** level, (index + 1) * 2 ** level))),
  )
const flipped = (hash: Uint8Array, bit: number): Uint8Array => {
  const other = hash.slice()
  other[bit >> 3]! ^= 1 << (bit & 7)
  return other
}

suite('a tree', () => {
  test('has the published roots', () => {
    const leaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
    const roots = {
      0: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
      1: '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      2: 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      3: 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      5: '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      8: '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    }
    for (const [size, root] of Object.entries(roots)) {
      assert.equal(hex(rootOf(leaves.slice(0, Number(size)).map(bytes))), root, size)
    }
    assert.equal(hex(emptyRoot(sha256)), roots[0])
  })
  test('has the root of the definition, for every size', () => {
    for (let size = 0; size <= 70; size++) {
      const data = dataOf(size)
      assert.equal(hex(rootOf(data)), hex(naive.root(data)), `${size}`)
    }
  })
  test('is made of complete subtrees that are its leaves, each once and in order', () => {
    for (let size = 0; size <= 300; size++) {
      let at = 0
      for (const { level, index } of nodesOf({ from: 0, to: size })) {
        assert.equal(index * 2 ** level, at)
        at += 2 ** level
      }
      assert.equal(at, size)
    }
  })
})

suite('a proof', () => {
  test('of inclusion is the one of the definition and leads to the root, for every leaf of every small tree', () => {
    for (let size = 1; size <= 33; size++) {
      const data = dataOf(size)
      for (let index = 0; index < size; index++) {
        const path = inclusionPath(index, size).map((range) => hashOf(data, range))
        assert.deepEqual(path.map(hex), naive.path(index, data).map(hex), `${index} of ${size}`)
        const leaf = leafHash(sha256, data[index]!)
        assert.equal(hex(rootOfInclusion(sha256, { index, size, leaf }, path)!), hex(naive.root(data)))
      }
    }
  })
  test('of consistency is the one of the definition and holds, for every two small trees', () => {
    for (let size = 1; size <= 33; size++) {
      const data = dataOf(size)
      for (let before = 1; before <= size; before++) {
        const path = consistencyPath(before, size).map((range) => hashOf(data, range))
        assert.deepEqual(path.map(hex), naive.proof(before, data).map(hex), `${before} in ${size}`)
        const old = { size: before, root: rootOf(data.slice(0, before)) }
        assert(isConsistent(sha256, old, { size, root: rootOf(data) }, path), `${before} in ${size}`)
      }
    }
  })
  test('holds for nothing else: another place, size, leaf, root or hash, one hash more or less', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.nat(),
        fc.nat(),
        fc.integer({ min: 0, max: 255 }),
        (size, a, b, bit) => {
          const data = dataOf(size)
          const [index, before, root] = [a % size, 1 + (b % size), rootOf(data)]
          const leaf = leafHash(sha256, data[index]!)
          const path = inclusionPath(index, size).map((range) => hashOf(data, range))
          const leads = (place: { index?: number; size?: number; leaf?: Uint8Array }, by = path): boolean => {
            const found = rootOfInclusion(sha256, { index, size, leaf, ...place }, by)
            return found !== undefined && equalHashes(found, root)
          }
          assert(leads({}))
          assert(!leads({ leaf: flipped(leaf, bit) }))
          assert(!leads({ index: size }) && !leads({ index: -1 }) && !leads({ index: 0.5 }))
          assert(!leads({}, [...path, leaf]))
          // Whoever cuts a proof has a root for it, but not one of a tree of this size.
          if (path.length > 0)
            assert.equal(rootOfInclusion(sha256, { index, size, leaf }, path.slice(0, -1)), undefined)
          for (let other = 0; other < size; other++) assert(other === index || !leads({ index: other }))
          for (const at of path.keys()) {
            assert(!leads({}, path.with(at, flipped(path[at]!, bit))))
            assert(!leads({}, path.toSpliced(at, 1)))
          }
          const old = { size: before, root: rootOf(data.slice(0, before)) }
          const now = { size, root }
          const grown = consistencyPath(before, size).map((range) => hashOf(data, range))
          assert(isConsistent(sha256, old, now, grown))
          assert(!isConsistent(sha256, { ...old, root: flipped(old.root, bit) }, now, grown))
          assert(!isConsistent(sha256, old, { ...now, root: flipped(root, bit) }, grown))
          assert(!isConsistent(sha256, old, now, [...grown, leaf]))
          assert(!isConsistent(sha256, { ...old, size: size + 1 }, now, grown))
          for (const at of grown.keys()) {
            assert(!isConsistent(sha256, old, now, grown.with(at, flipped(grown[at]!, bit))))
            assert(!isConsistent(sha256, old, now, grown.toSpliced(at, 1)))
          }
        },
      ),
      { numRuns: 60 },
    )
  })
  test('of the empty tree is empty', () => {
    const empty = { size: 0, root: emptyRoot(sha256) }
    const one = { size: 1, root: rootOf(dataOf(1)) }
    assert(isConsistent(sha256, empty, one, []))
    assert(!isConsistent(sha256, { ...empty, root: one.root }, one, []))
    assert(!isConsistent(sha256, empty, one, [one.root]))
  })
})

suite('tiles', () => {
  test('of 70,000 leaves are those that the specification names', () => {
    assert.deepEqual(tilesAt(0, 70_000), { full: 273, partial: 112 })
    assert.deepEqual(tilesAt(1, 70_000), { full: 1, partial: 17 })
    assert.deepEqual(tilesAt(2, 70_000), { full: 0, partial: 1 })
    assert.deepEqual(tilesAt(3, 70_000), { full: 0, partial: 0 })
    const paths = [...tilesOf(70_000)].map(pathOfTile)
    assert.equal(paths.length, 273 + 1 + 1 + 1 + 1)
    assert.deepEqual(paths.slice(-4), ['tile/0/273.p/112', 'tile/1/000', 'tile/1/001.p/17', 'tile/2/000.p/1'])
    assert.deepEqual([...tilesOf(0)], [])
  })
  test('have paths in groups of three digits, which one text alone names', () => {
    assert.equal(pathOfTile({ level: 0, index: 1_234_067, width: 256 }), 'tile/0/x001/x234/067')
    assert.equal(pathOfEntries({ index: 0, width: 1 }), 'tile/entries/000.p/1')
    fc.assert(
      fc.property(
        fc.record({
          level: fc.nat({ max: 6 }),
          index: fc.maxSafeNat(),
          width: fc.integer({ min: 1, max: 256 }),
        }),
        (tile) => {
          assert.deepEqual(parseTilePath(pathOfTile(tile)), { ...tile, isEntries: false })
          assert.deepEqual(parseTilePath(pathOfEntries(tile)), { ...tile, level: 0, isEntries: true })
        },
      ),
    )
    const bad = ['tile/0/0', 'tile/00/000', 'tile/0/x000/000', 'tile/7/000', 'tile/0/000.p/0', 'tile/0/000.p/256']
    for (const path of [
      ...bad,
      'tile/0/000.p/01',
      'tile/0/1234',
      'tile/entries/x01/000',
      '/tile/0/000',
      'tile/0/000/',
    ]) {
      assert.equal(parseTilePath(path), undefined, path)
    }
  })
  test('have the hash of every complete subtree', () => {
    const size = 600
    const data = dataOf(size)
    const leaves = Buffer.concat(data.map((one) => leafHash(sha256, one)))
    const tiles = new Map<string, Uint8Array>()
    for (let index = 0; index * 256 < size; index++)
      tiles.set(`0/${index}`, leaves.subarray(index * 8192, (index + 1) * 8192))
    const above = [0, 1].map((index) => rootOfComplete(sha256, tiles.get(`0/${index}`)!))
    tiles.set('1/0', Buffer.concat(above))
    for (let level = 0; 2 ** level <= size; level++) {
      for (let index = 0; (index + 1) * 2 ** level <= size; index++) {
        const place = tileWith({ level, index })
        const found = hashInTile(sha256, tiles.get(`${place.level}/${place.index}`)!, place)
        assert.equal(hex(found), hex(naive.root(data.slice(index * 2 ** level, (index + 1) * 2 ** level))))
      }
    }
  })
  test('of entries give the leaves again, and nothing for what is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (leaves) => {
        const bundle = bundleOf(leaves)
        assert.deepEqual(leavesIn(bundle), leaves)
        if (leaves.length > 0) assert.notDeepEqual(leavesIn(bundle.subarray(0, -1)), leaves)
      }),
    )
    assert.equal(leavesIn(Uint8Array.of(0, 2, 1)), undefined)
    assert.equal(leavesIn(Uint8Array.of(0)), undefined)
  })
})

test('all that stands in a tile is hashed once, and is what each part of it is by itself', () => {
  for (const width of [1, 2, 3, 100, 255, 256]) {
    const tile = Buffer.concat(Array.from({ length: width }, (_, at) => sha256(Buffer.from([at]))))
    const within = hashesWithin(sha256, tile)
    for (const [log, hashes] of within.entries()) {
      assert.equal(hashes.length, Math.floor(width / 2 ** log))
      for (const [at, hash] of hashes.entries()) {
        const place = { from: at * 2 ** log, to: (at + 1) * 2 ** log }
        assert.deepEqual(Buffer.from(hash), Buffer.from(hashInTile(sha256, tile, place)), `${width} ${log} ${at}`)
      }
    }
  }
})
