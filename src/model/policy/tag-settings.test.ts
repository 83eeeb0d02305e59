// Claims about settings that are kept as tags.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { problemInWords } from '../problems/problem.ts'
import { ruledBy } from './tag-agreement.ts'
import { findStraySetting, settingsFromTags, settingWords } from './tag-settings.ts'

const tags = (of: { readonly [key: string]: string }) => Object.entries(of).map(([key, value]) => ({ key, value }))
const policyOf = (of: { readonly [key: string]: string }) =>
  settingsFromTags('policy', tags(of)).settings ??
  assert.fail(JSON.stringify(settingsFromTags('policy', tags(of)).problem))
const documentFor = (of: { readonly [key: string]: string }, locale = 'us-east-1', resourceType = 'eip') =>
  ruledBy({ locale, resourceType }, ['ipam-pool-1', 'ipam-pool-2'], { tags: policyOf(of), compatibility: 'strict' })

test('without tags the defaults hold, and other tags are left alone', () => {
  const settings = policyOf({ Name: 'net', 'Cadastre:mode': 'x', cadastre: 'y' })
  assert.deepEqual([settings.mode, settings.kind, settings.compatibility], [undefined, undefined, undefined])
  assert.deepEqual(documentFor({}).settings, { onExplicit: 'deny', onExhausted: 'deny', requiredTags: [] })
  assert.deepEqual(settingsFromTags('ipam', []).settings, { policyCompatibility: undefined, unmatched: undefined })
  assert.deepEqual(settingsFromTags('pool', []).settings, { quarantineSeconds: undefined, sharedWith: undefined })
})

test('every word is read', () => {
  const settings = policyOf({
    'cadastre:compatibility': 'aws',
    'cadastre:mode': 'warn',
    'cadastre:assignment': 'final',
  })
  assert.deepEqual([settings.compatibility, settings.mode, settings.kind], ['aws', 'warn', 'final'])
  const document = documentFor({
    'cadastre:on-explicit': 'steer',
    'cadastre:on-exhausted': 'provider',
    'cadastre:size': '16/24/28',
    'cadastre:size-ipv6': '48/56/60',
    'cadastre:required-tags': 'env, team=net',
    'cadastre:when/ipam-pool-2': 'account=111111111111,222222222222;ou=ou-ab12-11111111,r-ab12;tag:env=prod,dev',
  })
  assert.deepEqual(document.settings, {
    onExplicit: 'steer',
    onExhausted: 'provider',
    size: { min: 16, default: 24, max: 28 },
    sizeIpv6: { min: 48, default: 56, max: 60 },
    requiredTags: [{ key: 'env' }, { key: 'team', value: 'net' }],
  })
  assert.deepEqual(document.rules, [
    { pool: 'ipam-pool-1' },
    {
      pool: 'ipam-pool-2',
      when: {
        accounts: ['111111111111', '222222222222'],
        organizationalUnits: ['ou-ab12-11111111', 'r-ab12'],
        tags: [{ key: 'env', values: ['prod', 'dev'] }],
      },
    },
  ])
  assert.deepEqual(
    settingsFromTags('ipam', tags({ 'cadastre:policy-compatibility': 'aws', 'cadastre:unmatched': 'deny' })).settings,
    { policyCompatibility: 'aws', unmatched: 'deny' },
  )
  assert.deepEqual(
    settingsFromTags(
      'pool',
      tags({
        'cadastre:quarantine-seconds': '2592000',
        'cadastre:shared-with': '111111111111, ou-ab12-11111111 r-ab12',
      }),
    ).settings,
    { quarantineSeconds: 2592000, sharedWith: ['111111111111', 'ou-ab12-11111111', 'r-ab12'] },
  )
})

test('the most specific tag wins: a pair before its type, a type before all', () => {
  const of = {
    'cadastre:on-explicit': 'allow',
    'cadastre:on-explicit/eip': 'steer',
    'cadastre:on-explicit/us-east-1/eip': 'deny',
    'cadastre:on-explicit/onprem:site-1/azure:public-ip': 'steer',
  }
  assert.equal(documentFor(of).settings.onExplicit, 'deny')
  assert.equal(documentFor(of, 'eu-west-1').settings.onExplicit, 'steer')
  assert.equal(documentFor(of, 'us-east-1', 'rnat').settings.onExplicit, 'allow')
  assert.equal(documentFor(of, 'onprem:site-1', 'azure:public-ip').settings.onExplicit, 'steer')
})

test('an unknown key or a value that is not allowed is a problem that names key, value and what is allowed', () => {
  const bad: { readonly [key: string]: readonly string[] } = {
    'cadastre:': [''],
    'cadastre:mod': ['warn'],
    'cadastre:unmatched': ['deny'],
    'cadastre:mode': ['', 'Enforce', 'enforce ', 'deny'],
    'cadastre:mode/eip': ['warn'],
    'cadastre:assignment': ['both'],
    'cadastre:on-explicit': ['refuse'],
    'cadastre:on-explicit/': ['deny'],
    'cadastre:on-explicit/toaster': ['deny'],
    'cadastre:on-explicit/a/b/eip': ['deny'],
    'cadastre:on-explicit:eip': ['deny'],
    'cadastre:size': ['', '24', '24/16/28', '16/24/33', '16/24', '16/24/28/30', '016/24/28', '16/ 24/28', '-1/24/28'],
    'cadastre:required-tags': ['', 'a,,b', '=x', 'a,a=1'],
    'cadastre:when': ['account=111111111111'],
    'cadastre:when/eip': ['account=111111111111'],
    'cadastre:when/ipam-pool-1': [
      '',
      'account',
      'account=1',
      'ou=111111111111',
      'tag:=x',
      'tag:a',
      'tag:a=',
      'account=111111111111;account=222222222222',
      'region=x',
      'account=111111111111;',
    ],
  }
  for (const [key, values] of Object.entries(bad)) {
    for (const value of values) {
      const { problem } = settingsFromTags('policy', [{ key, value }])
      assert(problem, `${key}=${value}`)
      assert.deepEqual([problem.key, problem.value], [key, value])
      assert(problemInWords(problem.problem).length > 0)
    }
  }
  assert.match(
    problemInWords(settingsFromTags('policy', tags({ 'cadastre:mode': 'x' })).problem!.problem),
    /`enforce`, `warn`, `observe`, `off`/,
  )
  for (const value of ['-1', '2592001', '1.5', '', '1e3', '01'])
    assert(settingsFromTags('pool', tags({ 'cadastre:quarantine-seconds': value })).problem)
  for (const value of ['', ' ', 'bob', '111111111111,bob'])
    assert(settingsFromTags('pool', tags({ 'cadastre:shared-with': value })).problem)
  assert(settingsFromTags('ipam', tags({ 'cadastre:mode': 'warn' })).problem)
  assert.equal(findStraySetting(tags({ Name: 'x', 'cadastre:mode': 'warn' }))?.key, 'cadastre:mode')
})

test('no tag makes reading fail, and an unknown setting is never taken', () => {
  const known = new Set(settingWords.map(({ key }) => key))
  fc.assert(
    fc.property(fc.string(), fc.string(), (name, value) => {
      const key = `cadastre:${name}`
      const parsed = settingsFromTags('policy', [{ key, value }])
      if (!known.has(key.split('/')[0]!)) assert(parsed.problem)
    }),
  )
})
