// What is asked of a PostgreSQL before it is used: real clusters with settings that lose rows, old versions, and TLS.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { openPostgres } from '#store/postgres/engine.ts'
import { connect, type Link, parseTarget } from '#store/postgres/link.ts'
import { migratePostgres } from '#store/postgres/migrate.ts'
import { StoreTrouble } from '#store/trouble.ts'
import { emptyPostgres, executeAt, linkTo, ownerOf, startPostgres, type TestPostgres } from './postgres.ts'
import { openSealer, openWorld } from './world.ts'

async function inCluster(
  settings: Readonly<Record<string, string>>,
  run: (cluster: TestPostgres) => Promise<void>,
  programs?: string,
): Promise<void> {
  const cluster = await startPostgres(settings, programs)
  try {
    await run(cluster)
  } finally {
    cluster.stop()
  }
}
const isUnsafe =
  (pattern: RegExp) =>
  (error: unknown): boolean =>
    error instanceof StoreTrouble && error.kind === 'unsafe' && pattern.test(error.message)

for (const name of ['fsync', 'full_page_writes', 'synchronous_commit']) {
  test(`I3 a cluster that runs with ${name}=off is refused, by servers and by the command that migrates`, async () => {
    await inCluster({ [name]: 'off' }, async ({ url }) => {
      const refused = isUnsafe(new RegExp(`\`${name}\` is off`))
      await assert.rejects(openPostgres({ url, sealer: openSealer }), refused)
      await assert.rejects(migratePostgres({ url, ownerUrl: undefined }), refused)
    })
  })
}

test('I3 a role or a database may not weaken its commits, and a reload does not weaken those of an open connection', async () => {
  await inCluster({}, async (cluster) => {
    const url = await emptyPostgres(cluster.url)
    await executeAt(cluster.url, 'alter role cadastre_server set synchronous_commit = off')
    await assert.rejects(openPostgres({ url, sealer: openSealer }), isUnsafe(/`synchronous_commit` is off/))
    const held = await linkTo(cluster.url)
    const operator = await linkTo(cluster.url)
    await operator.script('reset synchronous_commit')
    await operator.script(`alter system set synchronous_commit = off`)
    await operator.script('select pg_reload_conf()')
    // The operator's connection follows the reload: when it has, the other one had the time to.
    while ((await settingOf(operator)) !== 'off') await new Promise((resolve) => setImmediate(resolve))
    assert.equal(await settingOf(held), 'on')
    await held.close()
    await operator.close()
  })
})
async function settingOf(link: Link): Promise<string> {
  const [shown] = await link.script('show synchronous_commit')
  return (shown!.rows[0] as { synchronous_commit: string }).synchronous_commit
}

test('I3 the profile `ha` refuses a cluster whose commits wait for nobody', async () => {
  const url = await emptyPostgres()
  await assert.rejects(
    openPostgres({ url, sealer: openSealer, isHighlyAvailable: true }),
    isUnsafe(/`synchronous_standby_names` is empty/),
  )
})

const oldest = '/usr/lib/postgresql/15/bin'
const withoutOldest = existsSync(oldest) ? false : `there is no PostgreSQL 15 in ${oldest}`
test('PostgreSQL 15, the oldest that is supported, does what the newest does', { skip: withoutOldest }, async () => {
  await inCluster(
    {},
    async (cluster) => {
      const [{ server_version_num: version }] = (await executeAt(cluster.url, 'show server_version_num')) as [
        { server_version_num: string },
      ]
      assert.match(version, /^15\d{4}$/)
      const world = await openWorld({}, undefined, 'postgres', cluster.url)
      const { Ipam } = await world.call('CreateIpam', {})
      const { IpamPool } = await world.call('CreateIpamPool', {
        IpamScopeId: Ipam!.PrivateDefaultScopeId!,
        AddressFamily: 'ipv4',
      })
      const IpamPoolId = IpamPool!.IpamPoolId!
      await world.call('ProvisionIpamPoolCidr', { IpamPoolId, Cidr: '10.0.0.0/16' })
      const { IpamPoolAllocation } = await world.call('AllocateIpamPoolCidr', { IpamPoolId, NetmaskLength: 24 })
      assert.equal(IpamPoolAllocation!.Cidr, '10.0.0.0/24')
      const { PublicIp, AllocationId } = await world.call('AllocateAddress', {})
      assert.match(PublicIp!, /^198\.18\./)
      await world.call('ReleaseAddress', { AllocationId: AllocationId! })
      const { problems } = await world.store.read((tx) => tx.spaceCheck.report())
      assert.deepEqual(problems, [])
      await world.close()
    },
    oldest,
  )
})

// TLS ----------------------------------------------------------------------------------------------------------------

const hasOpenssl = ['/usr/bin/openssl', '/usr/local/bin/openssl', '/opt/homebrew/bin/openssl'].some(existsSync)
const withoutOpenssl = hasOpenssl ? false : 'there is no openssl, which would make the certificates'

/** An authority of its own, and a server's certificate by it for `name`. */
function makeCertificates(folder: string, name: string): void {
  const openssl = (...words: string[]): void => {
    execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' })
  }
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  for (const authority of ['ca', 'other-ca'])
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      `${authority}.key`,
      '-out',
      `${authority}.crt`,
      '-subj',
      `/CN=${authority}`,
      '-days',
      '2',
    )
  openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=database')
  writeFileSync(join(folder, 'names'), `subjectAltName=${name}\n`)
  const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names']
  openssl('x509', '-req', '-in', 'server.csr', '-out', 'server.crt', ...by)
  // PostgreSQL reads its key as the user it runs as, and only where nobody else can.
  const { uid, gid } = statSync(folder)
  for (const file of ['server.key', 'server.crt']) chownSync(join(folder, file), uid, gid)
  chmodSync(join(folder, 'server.key'), 0o600)
}

test('TLS: encrypted where it is asked for, by a known authority, and for the name that was dialled', {
  skip: withoutOpenssl,
}, async () => {
  await inCluster({}, async (cluster) => {
    makeCertificates(cluster.folder, 'DNS:localhost')
    const file = (name: string): string => join(cluster.folder, name)
    for (const [name, value] of [
      ['ssl_cert_file', file('server.crt')],
      ['ssl_key_file', file('server.key')],
      ['ssl', 'on'],
    ])
      await executeAt(cluster.url, `alter system set ${name} = '${value}'`)
    const { url } = cluster
    const dialled = (host: string, parameters: string): Promise<Link> => {
      const target = parseTarget(`${url.replace('127.0.0.1', host)}?${parameters}`)
      assert.ok(typeof target !== 'string', String(target))
      return connect({ target, isHighlyAvailable: false, deadlineMs: 500 })
    }
    const operator = await linkTo(url)
    await operator.script('select pg_reload_conf()')
    const isOn = async () => ((await operator.script('show ssl'))[0]!.rows[0] as { ssl: string }).ssl === 'on'
    while (!(await isOn())) await new Promise((resolve) => setImmediate(resolve))
    await operator.close()

    const isEncrypted = async (host: string, parameters: string): Promise<boolean> => {
      const link = await dialled(host, parameters)
      const [shown] = await link.script('select ssl from pg_stat_ssl where pid = pg_backend_pid()')
      await link.close()
      return (shown!.rows[0] as { ssl: boolean }).ssl
    }
    const root = `sslrootcert=${encodeURIComponent(file('ca.crt'))}`
    const otherRoot = `sslrootcert=${encodeURIComponent(file('other-ca.crt'))}`
    assert.equal(await isEncrypted('localhost', 'sslmode=disable'), false)
    assert.equal(await isEncrypted('localhost', 'sslmode=require'), true)
    assert.equal(await isEncrypted('127.0.0.1', `sslmode=verify-ca&${root}`), true)
    assert.equal(await isEncrypted('localhost', `sslmode=verify-full&${root}`), true)
    assert.equal(await isEncrypted('127.0.0.1', `sslmode=require&${root}`), true)

    await assert.rejects(dialled('localhost', `sslmode=verify-ca&${otherRoot}`), /certificate/)
    await assert.rejects(dialled('localhost', `sslmode=verify-full&${otherRoot}`), /certificate/)
    await assert.rejects(dialled('localhost', `sslmode=require&${otherRoot}`), /certificate/)
    await assert.rejects(dialled('127.0.0.1', `sslmode=verify-full&${root}`), /IP: 127\.0\.0\.1 is not in the cert/)
    await assert.rejects(dialled('localhost', 'sslmode=verify-full'), /certificate/)
  })
})

test('TLS that the server does not speak is not done without', async () => {
  const url = `${ownerOf(await emptyPostgres())}&sslmode=require`
  const target = parseTarget(url)
  assert.ok(typeof target !== 'string')
  await assert.rejects(connect({ target, isHighlyAvailable: false, deadlineMs: 500 }), /does not support SSL/)
})
