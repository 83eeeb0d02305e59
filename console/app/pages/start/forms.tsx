// The forms of the first minutes, with what most people would type in them.

import type { ReactNode } from 'react'
import { useState } from 'react'
import { answer, api, type Schemas, Trouble } from '../../api/client.ts'
import { queries } from '../../api/queries.ts'
import { ChoiceField, Form, needed, TextField, useForm } from '../../parts/form.tsx'
import { named } from '../../parts/names.ts'
import { type Beginning, denials } from './state.ts'

type Operation = Schemas['GovernedOperation']
interface StepProps {
  readonly at: Beginning
}

/** Several operations, all of them or none: no step is left half done. */
export const applyAll = (operations: readonly Operation[]) =>
  answer(api.POST('/governance/apply', { body: { operations: [...operations] } }))

const choices = (nodes: Beginning['nodes']) =>
  nodes.map(({ nodeId, name }) => ({ value: nodeId, label: name, description: nodeId }))

export function OrganizationForm({ at: { me, root } }: StepProps): ReactNode {
  const form = useForm({
    initial: { unit: 'Production', team: 'shop', network: 'network' },
    checks: {
      unit: needed('Say what the unit is called.'),
      team: needed('Say what the account is called.'),
      network: needed('Say what the account is called.'),
    },
    call: ({ unit, team, network }) => {
      const parentId = root?.nodeId ?? '$organization.rootId'
      return applyAll([
        ...(root === undefined
          ? [{ operation: 'createOrganization', input: { managementAccount: me?.account }, as: 'organization' }]
          : []),
        { operation: 'createUnit', input: { name: unit.trim(), parentId }, as: 'unit' },
        { operation: 'createAccount', input: { name: team.trim(), parentId: '$unit' } },
        { operation: 'createAccount', input: { name: network.trim(), parentId } },
      ] as Operation[])
    },
    done: 'There is an organization with a unit and two accounts.',
  })
  return (
    <Form form={form} act="Make the organization">
      <TextField
        form={form}
        name="unit"
        label="Unit"
        hint="Accounts that are treated alike, such as all of production."
        isFirst
      />
      <TextField
        form={form}
        name="team"
        label="Account in it"
        hint="Who takes addresses: a team, a project, a cluster."
      />
      <TextField
        form={form}
        name="network"
        label="Account of the network team"
        hint="It will run the address space of all others."
      />
    </Form>
  )
}

export function IpamForm({ at: { accounts, administrator, managementAccount } }: StepProps): ReactNode {
  const members = accounts.filter(({ nodeId }) => nodeId !== managementAccount)
  const usual = members.find(({ name }) => name === 'network') ?? members.at(-1)
  const form = useForm({
    initial: { account: administrator ?? usual?.nodeId ?? '', name: 'main', region: 'eu-central-1' },
    checks: {
      account: needed('Choose an account.'),
      name: needed('Say what it is called.'),
      region: needed('Say a Region, such as eu-central-1.'),
    },
    call: ({ account, name, region }) =>
      applyAll([
        ...(administrator === undefined ? [{ operation: 'putIpamAdministrator', input: { account } }] : []),
        { operation: 'createIpam', input: { account, name: name.trim(), region: region.trim() } },
      ] as Operation[]),
    done: 'There is an IPAM, with a scope for private addresses and one for public ones.',
  })
  return (
    <Form form={form} act="Make the IPAM">
      <ChoiceField
        form={form}
        name="account"
        label="Account that runs it"
        hint={
          administrator === undefined
            ? 'It becomes the delegated administrator of IPAM: its policies can be assigned anywhere.'
            : 'The delegated administrator of IPAM.'
        }
        options={choices(
          administrator === undefined ? members : accounts.filter(({ nodeId }) => nodeId === administrator),
        )}
      />
      <TextField form={form} name="name" label="Name" isFirst />
      <TextField form={form} name="region" label="Region" hint="Where it is managed, as AWS calls its Regions." />
    </Form>
  )
}

export function PoolForm({ at: { ipams, root } }: StepProps): ReactNode {
  const form = useForm({
    initial: { ipamId: ipams[0]?.ipamId ?? '', name: 'prod', cidr: '10.20.0.0/16', locale: ipams[0]?.region ?? '' },
    checks: {
      ipamId: needed('Choose an IPAM.'),
      name: needed('Say what it is called.'),
      cidr: needed('Say a CIDR, such as 10.20.0.0/16.'),
      locale: needed('Say where its space is used, such as eu-central-1.'),
    },
    call: ({ ipamId, name, cidr, locale }) =>
      applyAll([
        {
          operation: 'createPool',
          input: {
            scopeId: ipams.find((one) => one.ipamId === ipamId)?.privateScopeId,
            family: cidr.includes(':') ? 'ipv6' : 'ipv4',
            locale: locale.trim(),
            name: name.trim(),
            ...(root && { sharedWith: [root.nodeId] }),
          },
          as: 'pool',
        },
        { operation: 'provisionPoolCidr', input: { poolId: '$pool', cidr: cidr.trim() } },
      ] as Operation[]),
    done: 'There is a pool, which every account may be sent to.',
  })
  return (
    <Form form={form} act="Make the pool">
      {ipams.length > 1 ? (
        <ChoiceField
          form={form}
          name="ipamId"
          label="IPAM"
          options={ipams.map(({ ipamId, name }) => ({ value: ipamId, label: name ?? ipamId, description: ipamId }))}
        />
      ) : null}
      <TextField form={form} name="name" label="Name" isFirst />
      <TextField form={form} name="cidr" label="CIDR" hint="Private space that nobody uses yet." />
      <TextField form={form} name="locale" label="Locale" hint="Where its space is used: a Region or a site." />
    </Form>
  )
}

const lengths = [20, 22, 24].map((length) => ({ value: String(length), label: `/${length}` }))
const smallest = 28

export function PolicyForm({ at: { pools } }: StepProps): ReactNode {
  const usable = pools.filter(({ locale }) => locale !== undefined)
  const form = useForm({
    initial: { name: 'production', poolId: usable[0]?.poolId ?? '', largest: '22' },
    checks: { name: needed('Say what it is called.'), poolId: needed('Choose a pool.') },
    call: ({ name, poolId, largest }) => {
      const pool = usable.find((one) => one.poolId === poolId)
      return applyAll([
        { operation: 'createPolicy', input: { ipamId: pool?.ipamId, name: name.trim() }, as: 'policy' },
        {
          operation: 'putPolicyDocument',
          input: {
            policyId: '$policy',
            locale: pool?.locale,
            resourceType: 'vpc',
            rules: [{ poolId }],
            size: { min: Number(largest), default: 24, max: smallest },
          },
        },
      ] as Operation[])
    },
    done: 'There is a policy. Nobody is bound by it yet.',
  })
  return (
    <Form form={form} act="Write the policy">
      <TextField form={form} name="name" label="Name" isFirst />
      <ChoiceField
        form={form}
        name="poolId"
        label="VPCs take their space from"
        options={usable.map(({ poolId, name, locale }) => ({
          value: poolId,
          label: name ?? poolId,
          description: `${locale}, ${poolId}`,
        }))}
      />
      <ChoiceField
        form={form}
        name="largest"
        label="And no more than"
        hint={`One that says nothing gets a /24, and nobody less than a /${smallest}.`}
        options={lengths}
      />
    </Form>
  )
}

const modes = [
  { value: 'enforce', label: 'enforce', description: 'What does not comply is denied.' },
  { value: 'warn', label: 'warn', description: 'It is given, with a warning.' },
  { value: 'observe', label: 'observe', description: 'It is given, and noted.' },
]

export function AssignmentForm({ at: { policies, nodes, units, root } }: StepProps): ReactNode {
  const form = useForm({
    initial: {
      policyId: policies[0]?.policyId ?? '',
      targetId: units[0]?.nodeId ?? root?.nodeId ?? '',
      mode: 'enforce' as Schemas['PolicyMode'],
    },
    checks: { policyId: needed('Choose a policy.'), targetId: needed('Choose where it holds.') },
    call: ({ policyId, targetId, mode }) =>
      answer(
        api.PUT('/policies/{policyId}/assignments/{targetId}', {
          params: { path: { policyId, targetId } },
          body: { mode },
        }),
      ),
    done: 'The policy is in force for every request from now on.',
  })
  return (
    <Form form={form} act="Assign the policy">
      <ChoiceField
        form={form}
        name="policyId"
        label="Policy"
        options={policies.map(({ policyId, name }) => ({
          value: policyId,
          label: name ?? policyId,
          description: policyId,
        }))}
      />
      <ChoiceField
        form={form}
        name="targetId"
        label="It holds at"
        hint="There and below, whoever asks and over whichever API."
        options={choices(nodes)}
      />
      <ChoiceField form={form} name="mode" label="Mode" options={modes} />
    </Form>
  )
}

export function TryForm({ at: { nodes, accounts, enforced, pools } }: StepProps): ReactNode {
  const [given, setGiven] = useState<string | undefined>()
  const bound = accounts.filter(({ path }) => enforced.some(({ targetId }) => path.includes(targetId)))
  const form = useForm({
    initial: {
      account: bound[0]?.nodeId ?? '',
      locale: pools.find(({ locale }) => locale !== undefined)?.locale ?? '',
      netmaskLength: '16',
    },
    checks: {
      account: needed('Choose an account.'),
      locale: needed('Say where, such as eu-central-1.'),
      netmaskLength: (length) => (/^\d{1,2}$/.test(length) ? undefined : 'Say a length such as 16.'),
    },
    call: async ({ account, locale, netmaskLength }) => {
      const body = {
        ...{ account, locale: locale.trim(), netmaskLength: Number(netmaskLength) },
        ...{ resourceType: 'vpc', scopeType: 'private' as const },
      }
      try {
        return (await answer(api.POST('/allocations', { body }))).cidr
      } catch (error) {
        // What is to be seen here is a denial.
        if (error instanceof Trouble && error.code === 'DeniedByPolicy') return undefined
        throw error
      }
    },
    done: 'Policy has decided.',
    after: (cidr) => {
      setGiven(cidr)
      void queries.invalidateQueries({ queryKey: denials.queryKey })
    },
  })
  const name = nodes.find(({ nodeId }) => nodeId === form.values.account)?.name
  return (
    <Form form={form} act="Ask for it">
      {given === undefined ? null : (
        <p>
          {named(form.values.account, name)} was given {given}: that is what the policy allows. Ask for more than it
          does.
        </p>
      )}
      <ChoiceField form={form} name="account" label="Account" options={choices(bound)} />
      <TextField form={form} name="locale" label="Locale" />
      <TextField
        form={form}
        name="netmaskLength"
        label="Prefix length of the VPC"
        type="number"
        hint="A /16 is more than the policy allows."
      />
    </Form>
  )
}
