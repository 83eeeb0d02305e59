// A small organization for tests, and the refusals that they expect.
import assert from 'node:assert/strict'
import { cutFacts, type ShownRefusal } from '#api/wording.ts'
import { Refused } from '#model/refusal.ts'
import { openWorld, type World } from './world.ts'

export interface Organization {
  readonly organizationId: string
  readonly rootId: string
  /** Makes a unit and answers its id. */
  unit(name: string, parentId?: string): Promise<string>
  /** Makes an account, under the root where no parent is named, and answers its number. */
  account(name: string, parentId?: string): Promise<string>
}

export type OrganizationWorld = World & Organization

/** A world whose management account has made an organization. */
export const openOrganization = async (): Promise<OrganizationWorld> => withOrganization(await openWorld())

/** The same in a world that is there already. */
export async function withOrganization<W extends World>(world: W): Promise<W & Organization> {
  const { Organization: organization } = await world.organizations('CreateOrganization', {})
  const { Roots: roots } = await world.organizations('ListRoots', {})
  const rootId = roots![0]!.Id!
  return {
    ...world,
    organizationId: organization!.Id!,
    rootId,
    async unit(name, parentId = rootId) {
      const made = await world.organizations('CreateOrganizationalUnit', { ParentId: parentId, Name: name })
      return made.OrganizationalUnit!.Id!
    },
    async account(name, parentId = rootId) {
      const made = await world.organizations('CreateAccount', { AccountName: name, Email: `${name}@example.com` })
      const { CreateAccountStatus: status } = await world.organizations('DescribeCreateAccountStatus', {
        CreateAccountRequestId: made.CreateAccountStatus!.Id!,
      })
      const id = status!.AccountId!
      if (parentId !== rootId) {
        const move = { AccountId: id, SourceParentId: rootId, DestinationParentId: parentId }
        await world.organizations('MoveAccount', move)
      }
      return id
    },
  }
}

/** Asserts that a request is refused, with at least these facts. */
export async function refuses(request: Promise<unknown>, expected: Partial<ShownRefusal>): Promise<ShownRefusal> {
  const error = await request.then(
    (answer) => assert.fail(`not refused, but answered ${JSON.stringify(answer)}`),
    (reason: unknown) => reason,
  )
  if (!(error instanceof Refused)) throw error
  const shown = cutFacts(error.refusal)
  assert.partialDeepStrictEqual(shown, expected)
  return shown
}
