// Behind a proxy: a real server records whom the proxy names, over both APIs, and believes nobody else.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AllocateAddressCommand, EC2Client } from '@aws-sdk/client-ec2'
import { administrator, startServer } from './clients/server.ts'

/** Where the record says that a change over each of the APIs came from. */
async function recorded(trusted: string, forwarded: string): Promise<[ec2: string, native: string]> {
  const server = await startServer({ CADASTRE_TRUSTED_PROXIES: trusted })
  const ec2 = new EC2Client({ endpoint: server.endpoint, region: 'us-east-1', credentials: administrator })
  try {
    const printed = await server.cadastre('operator', 'token', '--principal', 'user:admin')
    const authorization = `Bearer ${printed.trim().replace('CADASTRE_TOKEN=', '')}`
    ec2.middlewareStack.add(
      (next) => (args) => {
        Object.assign((args.request as { headers: object }).headers, { 'x-forwarded-for': forwarded })
        return next(args)
      },
      { step: 'build' },
    )
    await ec2.send(new AllocateAddressCommand({}))
    await fetch(`${server.endpoint}/api/v1/tokens`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json', 'x-forwarded-for': forwarded },
      body: '{}',
    })
    const response = await fetch(`${server.endpoint}/api/v1/changes?limit=1000`, { headers: { authorization } })
    const { items } = (await response.json()) as { items: { action: string; sourceAddress: string }[] }
    const sourceOf = (name: string): string => items.find(({ action }) => action === name)!.sourceAddress
    return [sourceOf('AllocateAddress'), sourceOf('createToken')]
  } finally {
    ec2.destroy()
    await server.stop()
  }
}

test('the source is whom the nearest trusted proxy names, and not what the client put there', async () => {
  const client = '2001:db8::7'
  assert.deepEqual(await recorded('127.0.0.1,10.0.0.0/8', `192.0.2.1, ${client}, 10.1.2.3`), [client, client])
})

test('without trusted proxies, and from somebody who is none, it is whoever connects', async () => {
  for (const trusted of ['', '10.0.0.0/8']) {
    assert.deepEqual(await recorded(trusted, '192.0.2.1, 10.1.2.3'), ['127.0.0.1', '127.0.0.1'])
  }
})
