// What is said to clients of AWS services that are not served here: which service it is, and what to do instead.

/** What serves the same purpose here, by the service's name in a credential's scope. */
const instead: Readonly<Record<string, string>> = {
  ram: 'share a pool with the native API (`sharedWith` of `PATCH /api/v1/pools/{poolId}`) or with its tag `cadastre:shared-with`',
}

/** Names the service and those that are served. `service` comes from outside: it has been bounded before. */
export function unservedText(service: string, served: ReadonlySet<string>): string {
  const there = `this endpoint serves ${[...served].join(', ')}`
  const advice = Object.hasOwn(instead, service) ? `; ${instead[service]}` : ''
  return `The service \`${service}\` is not served: the Credential is scoped to it, and ${there}${advice}.`
}
