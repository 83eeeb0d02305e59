// Which locales are asked about as probably misspelt, and which are taken as they are.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { likelyForeignLocale, likelyName } from './known-locales.ts'

test('one slip in a name of a known cloud is asked about', () => {
  for (const [written, meant] of [
    ['azure:westeurop', 'azure:westeurope'],
    ['azure:westeuropee', 'azure:westeurope'],
    ['azure:westuerope', 'azure:westeurope'],
    ['azure:WestEurope', 'azure:westeurope'],
    ['gcp:europe-wset6', 'gcp:europe-west6'],
    ['gcp:europe_west6', 'gcp:europe-west6'],
    ['aws:us-eats-1', 'aws:us-east-1'],
  ] as const) {
    assert.equal(likelyForeignLocale(written), meant, written)
  }
  assert.equal(likelyName('us-eats-1', ['eu-central-1', 'us-east-1']), 'us-east-1')
  assert.equal(likelyName('EU-CENTRAL-1', ['eu-central-1']), 'eu-central-1')
})

test('what exists, what may be new, and what we do not know is taken as it is', () => {
  for (const free of [
    ...['azure:westeurope', 'azure:westus4', 'azure:eastus3', 'azure:westeurope2', 'azure:atlantis'],
    ...['gcp:europe-west13', 'gcp:us-east4', 'aws:eu-west-9', 'oci:eu-zurich-1', 'azur:westeurop', 'onprem:westeurop'],
    'k8s:westeurop',
  ]) {
    assert.equal(likelyForeignLocale(free), undefined, free)
  }
  assert.equal(likelyName('eu-west-9', ['eu-west-1', 'eu-west-2']), undefined)
  assert.equal(likelyName('', ['a']), undefined)
})
