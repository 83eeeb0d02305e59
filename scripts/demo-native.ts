// The demo's second part, as people work: a policy that watches before it acts, an exception that ends, and who had an address.
import * as ec2 from '@aws-sdk/client-ec2'
import { Person } from './demo-person.ts'
import { answered, expect, heading, list, say, step } from './demo-stage.ts'

/** Long enough for what is done under the exception, also on a busy machine, and short enough to wait for its end. */
const exceptionMs = 3_000
/** How much later than its end the server may say so: the answer is on its way. */
const graceMs = 2_000
const pollMs = 50

export interface Stage {
  readonly endpoint: string
  readonly region: string
  /** A token for somebody, as the operator makes it where nobody signs in; with a role, or as administrator of everything. */
  tokenFor(principal: string, ...role: string[]): Promise<string>
  readonly ipam: string
  readonly publicScope: string
  readonly root: string
  readonly sandbox: string
  readonly account: string
  /** The EC2 client of the account. */
  readonly lab: ec2.EC2Client & { readonly lastDecision?: string }
  refused(run: () => Promise<unknown>, code: string): Promise<void>
}

const moment = (ms: number): string => new Date(ms).toISOString()

// The story -----------------------------------------------------------------------------------------------------------

interface Scene extends Stage {
  readonly paula: Person
  readonly liam: Person
  readonly anna: Person
  readonly labEgress: string
  readonly partners: string
  readonly events: string
}

export async function nativeStory(stage: Stage): Promise<void> {
  const scene = await people(stage)
  await rollout(scene)
  await exception(scene)
}

async function people(stage: Stage): Promise<Scene> {
  const { endpoint, region, publicScope, root, account, tokenFor } = stage
  heading('6  People and their roles, at the command line')
  const olga = new Person('olga', { endpoint, token: await tokenFor('user:olga') })
  const person = async (name: string, roles: Readonly<Record<string, string>>): Promise<Person> => {
    const principal = ['--principal', `user:${name}`]
    for (const [role, node] of Object.entries(roles)) {
      await olga.does('role-binding', 'create', ...principal, '--role', role, '--node', node)
    }
    say(`  ${name.padEnd(11)}${Object.keys(roles).join(', ')}`)
    const [[role, node]] = Object.entries(roles) as [[string, string]]
    const token = await tokenFor(`user:${name}`, '--role', role, '--node', node)
    return new Person(name, { endpoint, token })
  }
  const paula = await person('paula', { 'policy-author': root })
  const liam = await person('liam', { 'resource-operator': account, approver: account })
  const anna = await person('anna', { approver: root, auditor: root })

  const pool = async (name: string, cidr: string): Promise<string> => {
    const words = ['--scope-id', publicScope, '--family', 'ipv4', '--locale', region, '--aws-service', 'ec2']
    const shared = ['--name', name, '--shared-with', account]
    const id = await olga.does('pool', 'create', ...words, ...shared, '--field', 'poolId')
    await olga.does('pool-cidr', 'create', id, '--cidr', cidr)
    return id
  }
  const labEgress = await pool('lab-egress', '192.0.2.16/28')
  const partners = await pool('lab-partners', '192.0.2.32/28')
  const events = await pool('events', '192.0.2.48/28')
  list('pools', [`lab-egress    ${labEgress}`, `lab-partners  ${partners}`, `events        ${events}`])
  return { ...stage, paula, liam, anna, labEgress, partners, events }
}

const take = ({ lab }: Stage, IpamPoolId?: string): Promise<ec2.AllocateAddressCommandOutput> =>
  lab.send(new ec2.AllocateAddressCommand({ Domain: 'vpc', IpamPoolId }))

async function rollout(scene: Scene): Promise<void> {
  const { region, ipam, sandbox, account, lab, paula, labEgress, partners } = scene
  const pair = ['--locale', region, '--resource-type', 'eip']
  heading('7  A policy that watches before it acts: observe → candidate → enforce')
  const policy = await paula.shows('policy', 'create', '--ipam-id', ipam, '--name', 'sandbox', '--field', 'policyId')
  const rules = JSON.stringify([{ poolId: labEgress }])
  await paula.shows('policy-document', 'put', policy, region, 'eip', '--rules', rules, '--field', 'rules')
  const mode = await paula.shows('assignment', 'put', policy, sandbox, '--mode', 'observe', '--field', 'mode')
  expect(mode === 'observe', 'the policy observes')

  step('lab: AllocateAddress from `lab-partners`, as always')
  const observed = await take(scene, partners)
  expect(observed.PublicIpv4Pool === partners, 'an observing policy changes no answer')
  answered(`${observed.PublicIp} from ${observed.PublicIpv4Pool}`)
  expect(lab.lastDecision !== undefined, 'the answer names its decision')
  const wouldBe = await paula.shows('decision', 'show', lab.lastDecision, '--field', 'wouldBe.outcome')
  expect(wouldBe === 'deny', 'the decision says that enforcing would have denied it')

  say('\n  A draft that lists `lab-partners` too, beside the live traffic:')
  const documents = JSON.stringify([
    { locale: region, resourceType: 'eip', rules: [{ poolId: labEgress }, { poolId: partners }] },
  ])
  const draft = ['policy-version', 'draft', policy, '--documents', documents, '--field', 'version']
  const version = await paula.shows(...draft)
  await paula.shows('candidate', 'put', policy, sandbox, '--version', version, '--mode', 'enforce', '--field', 'mode')

  step('lab: AllocateAddress, once naming no pool and once from `lab-partners`')
  for (const named of [undefined, partners]) {
    const { PublicIp, PublicIpv4Pool } = await take(scene, named)
    expect(PublicIpv4Pool !== labEgress, 'a candidate changes no answer')
    answered(`${PublicIp} from ${PublicIpv4Pool}`)
  }

  await paula.shows('candidate', 'differences', policy, sandbox)
  interface Difference {
    readonly account: string
    readonly count: number
    readonly samples: readonly {
      readonly candidate: { readonly outcome: string; readonly poolIds: readonly string[] }
    }[]
  }
  const listed = await paula.does('candidate', 'differences', policy, sandbox, '--json')
  const { items } = JSON.parse(listed) as { items: readonly Difference[] }
  const would = items.flatMap(({ samples }) => samples.map(({ candidate }) => candidate))
  expect(items.length === 1 && items[0]!.account === account && items[0]!.count === 1, 'one of the two differs')
  expect(
    would.every(({ outcome }) => outcome === 'allow') && would.some(({ poolIds }) => poolIds[0] === labEgress),
    'the candidate would deny nothing and give from lab-egress',
  )
  answered('nobody would be denied; who names no pool would get from `lab-egress`')

  const promoted = await paula.shows('candidate', 'promote', policy, sandbox, '--field', 'mode')
  expect(promoted === 'enforce', 'the promoted candidate enforces')
  step('lab: AllocateAddress, naming no pool')
  const enforced = await take(scene)
  expect(enforced.PublicIpv4Pool === labEgress, 'the promoted policy gives from its pool')
  answered(`${enforced.PublicIp} from ${enforced.PublicIpv4Pool}`)
  const inForce = ['policy', 'effective', '--node', account, ...pair, '--field', 'enforced.document.rules']
  const effective = await paula.shows(...inForce)
  expect(effective.includes(labEgress) && effective.includes(partners), 'the effective view shows both rules')
}

async function exception(scene: Scene): Promise<void> {
  const { region, account, lab, liam, anna, events, refused } = scene
  const pair = ['--locale', region, '--resource-type', 'eip']
  heading('8  An exception: asked for, approved by somebody else, used, over')
  step('lab: AllocateAddress from `events`')
  await refused(() => take(scene, events), 'UnauthorizedOperation')

  const expiresAt = Date.now() + exceptionMs
  const grants = JSON.stringify({ pools: [events] })
  const params = ['exception', 'request', '--target', account, ...pair, '--grants', grants]
  const until = ['--reason', 'The fair on Saturday', '--expires-at', moment(expiresAt)]
  const id = await liam.shows(...params, ...until, '--field', 'exceptionId')
  // He has the role, and it does not help him.
  await liam.isDenied('exception', 'approve', id)
  const approved = await anna.shows('exception', 'approve', id, '--field', 'state')
  expect(approved === 'active', 'an approved exception is in force')

  step('lab: AllocateAddress from `events`, again')
  const excepted = await take(scene, events)
  expect(excepted.PublicIpv4Pool === events, 'the exception gives what it grants')
  answered(`${excepted.PublicIp} from ${excepted.PublicIpv4Pool}`)
  const decision = lab.lastDecision
  expect(decision !== undefined, 'the answer names its decision')
  const taking = ['allocation', 'create', '--account', account, ...pair, '--pool-id', events, '--field', 'cidr']
  const natively = await liam.shows(...taking)
  const usedAt = moment(Date.now())
  const why = await anna.shows('explain', decision)
  expect(why.includes(id), 'the explanation names the exception')

  say(`\n  Waiting for ${moment(expiresAt)}, when the exception ends by itself …`)
  while ((await anna.does('exception', 'show', id, '--field', 'state')) === 'active') {
    expect(Date.now() < expiresAt + graceMs, `the exception ends at its moment, ${moment(expiresAt)}`)
    await new Promise((resolve) => setTimeout(resolve, pollMs))
  }
  expect(Date.now() >= expiresAt, 'the exception does not end before its moment')
  const state = await anna.shows('exception', 'show', id, '--field', 'state')
  expect(state === 'expired', 'the exception has expired')
  step('lab: AllocateAddress from `events`, once more')
  await refused(() => take(scene, events), 'UnauthorizedOperation')
  await liam.isDenied(...taking)

  say('\n  What was taken under it stays, and somebody is to look at it:')
  const findings = await anna.shows('exception', 'findings', id)
  expect(
    findings.includes(`${excepted.PublicIp}/32`) && findings.includes(natively),
    'what was taken under the exception is a finding',
  )

  heading('9  Who had it?')
  await lab.send(new ec2.ReleaseAddressCommand({ AllocationId: excepted.AllocationId! }))
  step(`lab: ReleaseAddress ${excepted.PublicIp}`)
  answered('given back')
  const asked = ['history', 'address', '--cidr', excepted.PublicIp!, '--at', usedAt]
  const who = await anna.shows(...asked)
  const because = await anna.shows(...asked, '--field', 'decisionId')
  expect(who.includes(account) && because === decision, 'the time machine knows who had the address, and why')
}
