// A real OpenID Connect provider for the tests of the sign-in: `node provider.mjs CALLBACK`; prints the port that it listens on.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'

const [callback] = process.argv.slice(2)
const server = createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const { port } = server.address()

/** Whoever signs in as NAME is NAME@example.com; an `unverified` one has not shown that the address is theirs. */
const claimsOf = (name) => ({
  sub: name,
  email: `${name}@example.com`,
  email_verified: name !== 'unverified',
  groups: name === 'nina' ? ['network-team', 'not a name'] : [],
})
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'cadastre',
      client_secret: 'the-secret-of-the-client-at-the-provider',
      redirect_uris: [callback],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified', 'groups'], profile: [] },
  pkce: { required: () => true },
  cookies: { keys: ['a-key-for-the-cookies-of-a-test'] },
  findAccount: (_, name) => ({ accountId: name, claims: () => claimsOf(name) }),
})
provider.on('server_error', (_, error) => process.stderr.write(`${error.stack}\n`))
server.on('request', provider.callback())
process.stdout.write(`${port}\n`)
