// Our evaluator of roles against Cedar's: the same bindings as Cedar policies give the same answers, twenty-five thousand times.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import { type Action, actions, authorize, everywhere, type RoleBinding, roleNames, roles } from '#model/roles.ts'
import { randomOf } from './random.ts'

const worlds = 125 * Number(process.env.CADASTRE_DRIVE_TIMES ?? 1)
const requestsPerWorld = 100
const seed = Number(process.env.CADASTRE_TEST_SEED ?? 20_261_125)

const random = randomOf(seed)
const below = (limit: number): number => Math.floor(random() * limit)
const oneOf = <T>(values: readonly T[]): T => values[below(values.length)]!

const users = ['user:ann', 'user:bob', 'service:ci']
const groups = ['group:net', 'group:audit']
const outside = '999999999999'
/** A unit that is not there any more: all that is known is that the root was above it. */
const gone = 'ou-root-gone'

interface World {
  /** Each node with its parent; the root has none. */
  readonly parents: ReadonlyMap<string, string | undefined>
  readonly groupsOf: ReadonlyMap<string, readonly string[]>
  /** Groups of which a sign-in behind the token told: they forbid and do not permit. */
  readonly formerGroupsOf: ReadonlyMap<string, readonly string[]>
  readonly bindings: readonly RoleBinding[]
}

function drawWorld(): World {
  const parents = new Map<string, string | undefined>([['r-root', undefined]])
  for (let n = 0; n < 3; n++) parents.set(`ou-root-${n}`, oneOf([...parents.keys()]))
  for (let n = 0; n < 4; n++) parents.set(`11111111111${n}`, oneOf([...parents.keys()].filter((id) => !/^\d/.test(id))))
  // An account outside the organization is a path of its own.
  parents.set(outside, undefined)
  const groupsOf = new Map(users.map((user) => [user, groups.filter(() => random() < 0.4)]))
  const formerGroupsOf = new Map(users.map((user) => [user, groups.filter(() => random() < 0.3)]))
  const bindings = Array.from({ length: below(7) }, (_, n): RoleBinding => {
    const node = random() < 0.2 ? everywhere : oneOf([...parents.keys()])
    const effect = random() < 0.3 ? 'forbid' : 'permit'
    // Mostly a node above, as when it was set; or, where the node has moved since, any other of the tree, or one that is gone; or not known.
    const above = node === everywhere ? [everywhere] : [everywhere, ...pathIn({ parents }, node)]
    const others = node === outside ? [] : [gone, ...parents.keys()].filter((id) => id !== outside)
    const bindsFrom = random() < 0.7 ? oneOf(above) : oneOf([undefined, everywhere, ...others])
    return {
      id: `role-binding-${n}`,
      principal: oneOf([...users, ...groups]),
      role: oneOf(roleNames),
      node,
      effect,
      ...(effect === 'forbid' && bindsFrom !== undefined ? { bindsFrom } : {}),
    }
  })
  return { parents, groupsOf, formerGroupsOf, bindings }
}

function pathIn({ parents }: Pick<World, 'parents'>, node: string): string[] {
  const parent = parents.get(node)
  return parent === undefined ? [node] : [...pathIn({ parents }, parent), node]
}

/**
 * One Cedar policy for each permit, unless a forbid speaks of the request and the permit's node is the forbid's, or the one that
 * it binds from, or below one of these; or what it binds from is not above the resource any more, and the permit's node is not above
 * that. Our evaluator compares depths on one path; here Cedar's own hierarchy says which node is below which.
 */
function cedarOf({ bindings }: World): string {
  const who = (principal: string) => `principal in Principal::${JSON.stringify(principal)}`
  const whoEver = (principal: string) =>
    `(${who(principal)} || principal.formerGroups.contains(${JSON.stringify(principal)}))`
  const nodeOf = (node: string) => `Node::${JSON.stringify(node)}`
  const what = (role: RoleBinding['role']) =>
    `action in [${roles[role].actions.map((action) => `Action::${JSON.stringify(action)}`).join(', ')}]`
  const forbids = bindings.filter(({ effect }) => effect === 'forbid')
  return bindings
    .filter(({ effect }) => effect === 'permit')
    .map(({ principal, role, node }) => {
      const bound = forbids.map((forbid) => {
        const from = nodeOf(forbid.bindsFrom ?? forbid.node)
        const isBelow = [nodeOf(forbid.node), from].map((one) => `${nodeOf(node)} in ${one}`).join(' || ')
        const hasMoved = `(!(resource in ${from}) && !(${from} in ${nodeOf(node)}))`
        return `(${whoEver(forbid.principal)} && ${what(forbid.role)} && resource in ${nodeOf(forbid.node)} && (${isBelow} || ${hasMoved}))`
      })
      const unless = bound.length === 0 ? '' : ` unless { ${bound.join(' || ')} }`
      return `permit(${who(principal)}, ${what(role)}, resource in ${nodeOf(node)})${unless};`
    })
    .join('\n')
}

const entity = (type: string, id: string, parents: readonly string[], attrs: Record<string, string[]> = {}) => ({
  uid: { type, id },
  attrs,
  parents: parents.map((parent) => ({ type, id: parent })),
})

function cedarSays(world: World, user: string, action: Action, node: string): boolean {
  const along = world.bindings.flatMap(({ bindsFrom }) => (bindsFrom === undefined ? [] : pathIn(world, bindsFrom)))
  const named = [...new Set([...pathIn(world, node), ...along])].filter((id) => id !== gone && id !== everywhere)
  const answer = statefulIsAuthorized({
    principal: { type: 'Principal', id: user },
    action: { type: 'Action', id: action },
    resource: { type: 'Node', id: node },
    context: {},
    preparsedPolicySetId: 'world',
    entities: [
      entity('Principal', user, world.groupsOf.get(user)!, { formerGroups: [...world.formerGroupsOf.get(user)!] }),
      // What is at the top of its own tree is below `*`.
      ...named.map((id) => entity('Node', id, [world.parents.get(id) ?? everywhere])),
      entity('Node', gone, ['r-root']),
      entity('Node', everywhere, []),
    ],
  })
  assert.equal(answer.type, 'success', JSON.stringify(answer))
  assert(answer.type === 'success')
  assert.deepEqual(answer.response.diagnostics.errors, [])
  return answer.response.decision === 'allow'
}

test(`roles decide as Cedar does, ${worlds * requestsPerWorld} times (seed ${seed})`, () => {
  const counts = { permitted: 0, denied: 0 }
  for (let n = 0; n < worlds; n++) {
    const world = drawWorld()
    assert.equal(preparsePolicySet('world', { staticPolicies: cedarOf(world) }).type, 'success')
    for (let m = 0; m < requestsPerWorld; m++) {
      const [user, action, node] = [oneOf(users), oneOf(actions), oneOf([...world.parents.keys()])]
      const principals = [user, ...world.groupsOf.get(user)!]
      const formerGroups = world.formerGroupsOf.get(user)!
      const path = pathIn(world, node)
      const ours = authorize(world.bindings, {
        principals,
        formerGroups,
        action,
        path,
        pathTo: (one) => pathIn(world, one),
      }).isPermitted
      assert.equal(
        ours,
        cedarSays(world, user, action, node),
        JSON.stringify({ user, action, node, world: cedarOf(world) }),
      )
      counts[ours ? 'permitted' : 'denied']++
    }
  }
  // Answers that were all the same would prove nothing.
  assert(counts.permitted > 1_000 && counts.denied > 1_000, JSON.stringify(counts))
})
