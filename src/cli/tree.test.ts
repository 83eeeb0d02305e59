// Trees: who hangs under whom, as it is drawn, and how much is used with all that hangs below.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { renderTable } from './table.ts'
import { treeOf, usageOf, withUsage } from './tree.ts'

const node = (nodeId: string, kind: string, name: string, parentId?: string) => ({ nodeId, kind, name, parentId })
const nodes = [
  node('222222222222', 'account', 'shop', 'ou-4'),
  node('333333333333', 'account', 'crm', 'ou-3'),
  node('ou-2', 'organizational-unit', 'Europe', 'ou-1'),
  node('ou-3', 'organizational-unit', 'Retail', 'ou-2'),
  node('ou-1', 'organizational-unit', 'Prod', 'r-1'),
  node('ou-4', 'organizational-unit', 'Stores', 'ou-3'),
  node('ou-9', 'organizational-unit', 'Dev', 'r-1'),
  node('r-1', 'root', 'Root'),
]
const words = { id: 'nodeId', parent: 'parentId', order: ['kind', 'name'] }

test('an organization of five levels is drawn from its root, accounts before units', () => {
  const branches = treeOf(words, nodes)
  const { text } = renderTable(
    ['name', 'nodeId', 'kind'],
    branches.map(({ item }) => item),
    { zone: 'UTC', width: 80, drawings: branches.map(({ drawing }) => drawing) },
  )
  assert.equal(
    text,
    [
      'NAME                 NODE ID       KIND',
      'Root                 r-1           root',
      '├─ Dev               ou-9          organizational-unit',
      '└─ Prod              ou-1          organizational-unit',
      '   └─ Europe         ou-2          organizational-unit',
      '      └─ Retail      ou-3          organizational-unit',
      '         ├─ crm      333333333333  account',
      '         └─ Stores   ou-4          organizational-unit',
      '            └─ shop  222222222222  account',
      '',
    ].join('\n'),
  )
})

test('whoever may not see what something hangs under sees it all the same, and every item once', () => {
  const seen = nodes.filter(({ nodeId }) => nodeId !== 'ou-1' && nodeId !== 'r-1')
  const branches = treeOf(words, seen)
  assert.equal(new Set(branches.map(({ item }) => item)).size, seen.length)
  assert.deepEqual(
    branches.filter(({ drawing }) => drawing === '').map(({ item }) => item.name),
    ['Dev', 'Europe'],
  )
})

test('what is used is told with all that hangs below: what a pool gave to another one is used as far as it is there', () => {
  const pool = (poolId: string, provisioned: number, free: number, parentPoolId?: string) => ({
    poolId,
    parentPoolId,
    utilization: { provisioned: String(provisioned), free: String(free) },
  })
  // The child has 100 of the parent's 200; 10 of these are used, and 20 in the parent itself.
  const pools = [pool('parent', 200, 80), pool('child', 100, 90, 'parent'), pool('empty', 0, 0)]
  const used = withUsage({ id: 'poolId', parent: 'parentPoolId', usage: 'utilization' }, pools)
  assert.deepEqual(
    used.map(({ utilization }) => utilization),
    ['█▌········  15.0%', '█·········  10.0%', 'no space'],
  )
})

test('a bar is never empty where something is used, and never full where something is free', () => {
  assert.equal(usageOf(0), '··········   0.0%')
  assert.equal(usageOf(1), '▏·········   0.1%')
  assert.equal(usageOf(500), '█████·····  50.0%')
  assert.equal(usageOf(999), '█████████▉  99.9%')
  assert.equal(usageOf(1_000), '██████████ 100.0%')
})
