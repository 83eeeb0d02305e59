// Which types of space are used where.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { localeProblem, servesLocale } from './locale.ts'
import { problemInWords } from './problems/problem.ts'

const regions = ['us-east-1', 'eu-central-1']

test('types of this cloud are for its Regions alone; reservations and all other types for any place', () => {
  for (const [type, foreign] of [
    ['eip', false],
    ['vpc', false],
    ['custom', true],
    ['k8s:load-balancer', true],
    ['azure:public-ip', true],
    ['onprem:host', true],
    ['oci:public-ip', true],
  ] as const) {
    assert.equal(localeProblem('eu-central-1', type, regions), undefined, type)
    assert.equal(localeProblem('azure:westeurope', type, regions) === undefined, foreign, type)
    for (const nowhere of ['eu-west-9', 'azure:', ':x', '', 'EU-CENTRAL-1', 'eu-central-1 ']) {
      assert.match(
        problemInWords(localeProblem(nowhere, type, regions))!,
        new RegExp(`^for ${type} it must be `),
        nowhere,
      )
    }
  }
  assert.match(
    problemInWords(localeProblem('azure:westeurope', 'eip', regions))!,
    /a Region \(us-east-1, eu-central-1\)$/,
  )
})

test('a pool serves its own locale; one without serves reservations where its IPAM operates alone, so that no place is beyond policy', () => {
  const pools = [{ locale: 'us-east-1' }, { locale: 'onprem:basel' }, {}]
  const served = (locale: string, isReservation: boolean) =>
    pools.map((pool) => servesLocale(pool, { locale, isReservation, operatingRegions: ['us-east-1'] }))
  assert.deepEqual(served('us-east-1', false), [true, false, false])
  assert.deepEqual(served('us-east-1', true), [true, false, true])
  assert.deepEqual(served('onprem:basel', true), [false, true, false])
  assert.deepEqual(served('zz:zz', true), [false, false, false])
  assert.deepEqual(served('eu-central-1', true), [false, false, false])
})
