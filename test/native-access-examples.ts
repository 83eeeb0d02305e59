// One good request for each operation of the native API, about things of the management account.

import type { NativeWorld } from './native-world.ts'
import { managementAccount } from './world.ts'

export interface Example {
  readonly input: Readonly<Record<string, unknown>>
  /** The same input with these would be about something that is not there. */
  readonly absent?: Readonly<Record<string, unknown>>
  /** Where the action must be permitted; the management account unless said otherwise. */
  readonly node?: string
  /** What nobody of another account may find in the answer of a list. */
  readonly secrets?: readonly string[]
}

const nowhere = '0'.repeat(17)

/** Makes what the examples are about. */
export async function accessExamples(world: NativeWorld): Promise<ReadonlyMap<string, Example>> {
  const binding = await world.post<{ bindingId: string }>('/role-bindings', {
    principal: 'user:example',
    role: 'auditor',
    node: managementAccount,
  })
  const token = await world.post<{ tokenId: string }>('/tokens', { principal: 'service:example' })
  const { AllocationId } = await world.call('AllocateAddress', {})
  const decisions = await world.get<{ items: { decisionId: string; cidr: string }[] }>('/decisions?limit=1')
  const [decision] = decisions.items
  const vpc = await world.call('CreateVpc', { CidrBlock: '10.7.0.0/16' })

  const bindings = { bindingId: `role-binding-${nowhere}` }
  return new Map<string, Example>(
    Object.entries({
      whoAmI: { input: {} },
      listTokens: { input: {}, secrets: [token.tokenId] },
      createToken: { input: {} },
      revokeToken: { input: { tokenId: token.tokenId } },
      listRoles: { input: {} },
      listRoleBindings: { input: {}, secrets: [binding.bindingId] },
      getRoleBinding: { input: { bindingId: binding.bindingId }, absent: bindings },
      createRoleBinding: {
        input: { principal: 'user:another', role: 'auditor', node: managementAccount },
        absent: { node: '999999999999' },
      },
      deleteRoleBinding: { input: { bindingId: binding.bindingId }, absent: bindings },
      listDecisions: { input: {}, secrets: [decision!.decisionId] },
      getDecision: {
        input: { decisionId: decision!.decisionId },
        absent: { decisionId: `decision-${nowhere}` },
      },
      findHolders: { input: { cidr: decision!.cidr }, secrets: [AllocationId!] },
      findHoldingsOfAccount: { input: { account: managementAccount }, absent: { account: '999999999999' } },
      findHoldingsOfResource: { input: { resourceId: AllocationId }, secrets: ['heldFrom'] },
      getObjectHistory: { input: { objectId: vpc.Vpc!.VpcId }, absent: { objectId: `vpc-${nowhere}` } },
      listChanges: { input: {}, secrets: [AllocationId!] },
    } satisfies Record<string, Example>),
  )
}
