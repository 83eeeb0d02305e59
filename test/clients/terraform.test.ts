// The real Terraform with its provider of AWS: what terraform/*.tf say is applied, changed and destroyed, where both are here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startServer } from './server.ts'
import { openTerraform, parallelism, whatIsMissing } from './terraform.ts'

const scenarioMs = 400_000
/** Long enough that `destroy` meets released addresses that rest, and short enough that it can wait for them. */
const restSeconds = '12'

const missing = await whatIsMissing()

/** Which resources of the organization reached an end, such as `Creation`, of themselves. */
const organizationIn = (output: string, end: string): readonly string[] =>
  [...output.matchAll(/^aws_organizations_(\w+\.\w+): (\w+) complete/gm)]
    .filter(([, , word]) => word === end)
    .map(([, name]) => name!)
    .sort()
const organization = ['account.billing', 'account.shop', 'organization.acme', 'organizational_unit.prod']

// One scenario: what a command costs is the provider, which each of them starts several times.
test('Terraform applies, plans no change, changes in place, and destroys, waiting for what rests; an organization with its units and accounts too', {
  skip: missing ?? false,
  timeout: scenarioMs,
}, async () => {
  const server = await startServer({ CADASTRE_QUARANTINE_SECONDS: restSeconds })
  const { terraform, remove } = await openTerraform(server, 'terraform')
  const apply = ['apply', '-no-color', '-input=false', '-auto-approve', parallelism]
  // It ends with 2 where there is something to change.
  const plan = ['plan', '-no-color', '-input=false', '-detailed-exitcode', parallelism]
  const changed = { TF_VAR_changed: 'true' }
  try {
    const applied = await terraform(apply)
    assert.match(applied, /Resources: \d+ added, 0 changed, 0 destroyed/)
    assert.deepEqual(organizationIn(applied, 'Creation'), organization)
    const found = JSON.parse(await terraform(['output', '-json', 'found'])) as object
    assert.deepEqual(found, {
      ipams: 1,
      locale: 'None',
      pools: 1,
      cidrs: ['203.0.113.0/24'],
      next: '10.0.0.0/28',
      vpc: '10.16.0.0/20',
      subnets: 1,
      eips: 2,
      eip: '203.0.113.0',
      gateway: '203.0.113.0',
      defaults: ['ipam-res-disco-', 'ipam-res-disco-assoc-', false],
    })
    await terraform(plan)
    // What cannot be changed in place is the allocation whose length is another one.
    assert.match(await terraform([...apply, '-refresh=false'], changed), /Resources: 1 added, \d+ changed, 1 destroyed/)
    const destroyed = await terraform(
      ['destroy', '-no-color', '-input=false', '-auto-approve', '-refresh=false', parallelism],
      changed,
    )
    assert.match(destroyed, /aws_vpc_ipam_pool_cidr\.edge: Still destroying/)
    assert.match(destroyed, /Destroy complete!/)
    assert.deepEqual(organizationIn(destroyed, 'Destruction'), organization)
    assert.match(await server.cadastre('check'), /no problems|ok|0 allocations/i)
  } finally {
    await remove()
    await server.stop()
  }
})
