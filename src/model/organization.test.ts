// Claims about the organization tree.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  accountNameProblem,
  accountsBelow,
  canAdd,
  canMove,
  canonicalExternalId,
  cloudProblem,
  contactProblem,
  emailProblem,
  externalIdProblem,
  isTargetId,
  type OrganizationNode,
  pathTo,
  treeOf,
  unitNameProblem,
} from './organization.ts'
import { problemInWords } from './problems/problem.ts'

const unit = (id: string, parentId: string): OrganizationNode => ({ id, kind: 'organizational-unit', parentId })
const account = (id: string, parentId: string): OrganizationNode => ({ id, kind: 'account', parentId })

const tree = treeOf([
  { id: 'root', kind: 'root' },
  unit('workloads', 'root'),
  unit('prod', 'workloads'),
  unit('dev', 'workloads'),
  unit('sandbox', 'root'),
  account('a', 'prod'),
  account('b', 'dev'),
  account('c', 'root'),
])

test('a path runs from the root to the node', () => {
  const ids = pathTo(tree, 'a').map(({ id }) => id)
  assert.deepEqual(ids, ['root', 'workloads', 'prod', 'a'])
  assert.deepEqual(pathTo(tree, 'nobody'), [])
})

test('the accounts below a unit are those anywhere under it', () => {
  assert.deepEqual(
    accountsBelow(tree, 'workloads').map(({ id }) => id),
    ['a', 'b'],
  )
  assert.deepEqual(
    accountsBelow(tree, 'c').map(({ id }) => id),
    ['c'],
  )
})

test('no move makes a cycle, and the root stays', () => {
  assert.equal(canMove(tree, 'workloads', 'prod'), 'inside-itself')
  assert.equal(canMove(tree, 'workloads', 'workloads'), 'inside-itself')
  assert.equal(canMove(tree, 'root', 'sandbox'), 'root-stays')
  assert.equal(canMove(tree, 'a', 'b'), 'parent-is-account')
  assert.equal(canMove(tree, 'a', 'nowhere'), 'no-such-parent')
  assert.equal(canMove(tree, 'nobody', 'root'), 'no-such-node')
  assert.equal(canMove(tree, 'a', 'sandbox'), undefined)
  assert.equal(canMove(tree, 'prod', 'sandbox'), undefined)
})

test('units are nested at most five levels deep, however they come there', () => {
  const chain = ['u1', 'u2', 'u3', 'u4', 'u5'].map((id, i, all) => unit(id, i === 0 ? 'root' : all[i - 1]!))
  const deep = treeOf([
    { id: 'root', kind: 'root' },
    ...chain,
    unit('v1', 'root'),
    unit('v2', 'v1'),
    account('z', 'v2'),
  ])
  assert.equal(canAdd(deep, 'organizational-unit', 'u4'), undefined)
  assert.equal(canAdd(deep, 'organizational-unit', 'u5'), 'too-deep')
  assert.equal(canAdd(deep, 'account', 'u5'), undefined)
  assert.equal(canMove(deep, 'v1', 'u3'), undefined)
  assert.equal(canMove(deep, 'v1', 'u4'), 'too-deep')
  assert.equal(canMove(deep, 'z', 'u5'), undefined)
})

test('names are not empty, not too long, and an account is named in ASCII', () => {
  assert.equal(unitNameProblem('Größe'), undefined)
  assert.match(problemInWords(unitNameProblem(' '))!, /empty/)
  for (const alike of ['prod\u200b', 'prod\u3164', 'prod\u2800', '\ufe0fprod']) {
    assert.match(problemInWords(unitNameProblem(alike))!, /show nothing/)
    assert.match(problemInWords(contactProblem(alike))!, /show nothing/)
    assert.match(problemInWords(externalIdProblem('k8s', alike))!, /show nothing/)
    assert.match(problemInWords(emailProblem(`${alike}@example.com`))!, /show nothing/)
  }
  for (const name of ['prod ', ' prod']) {
    assert.match(problemInWords(unitNameProblem(name))!, /space/)
    assert.match(problemInWords(accountNameProblem(name))!, /space/)
  }
  assert.match(problemInWords(unitNameProblem('x'.repeat(129)))!, /129/)
  assert.equal(accountNameProblem('Prod 1'), undefined)
  assert.match(problemInWords(accountNameProblem('Größe'))!, /ASCII/)
  assert.match(problemInWords(accountNameProblem('x'.repeat(51)))!, /51/)
  assert.equal(emailProblem('a@example.com'), undefined)
  for (const email of ['a@b', 'no at sign', 'a@b@c.de', `${'x'.repeat(60)}@example.com`]) assert(emailProblem(email))
})

test('a target is an account, a unit or a root, and nothing else', () => {
  for (const id of ['111111111111', 'ou-ab12-11111111', 'r-ab12']) assert(isTargetId(id), id)
  for (const id of ['11111111111', 'ou-ab12', 'r-AB12', 'r-', 'ou-ab12-1111', '111111111111 ', 'o-ab12345678'])
    assert(!isTargetId(id), id)
})

test('what an account is called in its cloud has the shape of that cloud, and is compared as that cloud does', () => {
  const good = [
    ['aws', '012345678901'],
    ['azure', '0B1F6471-1bf0-4dda-aec3-cb9272f09590'],
    ['gcp', 'acme-4711'],
    ['gcp', 'example.com:acme-4711'],
    ['k8s', 'Cluster 1/eu'],
    ['oci', 'ocid1.tenancy.oc1..aaaa'],
  ] as const
  for (const [cloud, id] of good) assert.equal(externalIdProblem(cloud, id), undefined, `${cloud} ${id}`)
  const bad = [
    ['aws', '12345678901'],
    ['azure', 'acme'],
    ['gcp', 'acme'],
    ['gcp', 'Acme-4711'],
    ['gcp', 'acme-4711-'],
    ['k8s', ''],
    ['k8s', ' a'],
    ['k8s', 'x'.repeat(129)],
    ['k8s', 'a\u0000'],
    // These are other names here.
    ['k8s', '012345678901'],
    ['k8s', 'r-abcd'],
    ['k8s', '*'],
  ] as const
  for (const [cloud, id] of bad) assert(externalIdProblem(cloud, id), `${cloud} ${id}`)
  assert.equal(canonicalExternalId('0B1F6471-1bf0-4dda-aec3-cb9272f09590'), '0b1f6471-1bf0-4dda-aec3-cb9272f09590')
  assert.equal(canonicalExternalId('Cluster'), 'Cluster')
  assert.equal(cloudProblem('azure'), undefined)
  for (const cloud of ['', 'Azure', 'a b', 'x'.repeat(33)]) assert(cloudProblem(cloud), cloud)
})
