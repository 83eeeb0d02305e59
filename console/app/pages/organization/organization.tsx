// The organization: root, units and accounts, and what is made in it.
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { ChoiceField, FormDialog, needed, TextField, useForm } from '../../parts/form.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useMay } from '../../parts/may.ts'
import { Page } from '../../parts/page.tsx'
import { Account, Said } from '../../parts/words.tsx'

type Row = Schemas['OrganizationNode']
export const loader = (): Promise<null> => load(nodes)
const columns: readonly Column<Row>[] = [
  {
    id: 'name',
    header: 'Name',
    width: 220,
    cell: (row) => (
      <span style={{ paddingInlineStart: (row.path.length - 1) * 20 }}>
        {row.path.length > 1 ? '└ ' : ''}
        {row.kind === 'account' ? (
          <Account id={row.nodeId} name={row.name} />
        ) : (
          <strong>
            <Said>{row.name}</Said>
          </strong>
        )}
      </span>
    ),
    text: (row) => row.name,
  },
  {
    id: 'kind',
    header: 'Kind',
    width: 100,
    cell: (row) => row.kind.replace('organizational-', ''),
    text: (row) => row.kind,
  },
  { id: 'id', header: 'Id', width: 160, cell: (row) => <Said>{row.nodeId}</Said>, text: (row) => row.nodeId },
  {
    id: 'who',
    header: 'Who may do what',
    width: 140,
    cell: (row) => (
      <Link to={`/roles?node=${row.nodeId}`} aria-label={`Roles here, at ${row.name}`}>
        Roles here
      </Link>
    ),
    text: () => '',
  },
]

/** Beside one another those under the same parent, each behind what it hangs under: units first, by name. */
function inTree(all: readonly Row[]): readonly Row[] {
  const children = new Map<string | undefined, Row[]>()
  const known = new Set(all.map(({ nodeId }) => nodeId))
  for (const row of all) {
    // What hangs under something that this person does not see is shown at the top.
    const parent = row.parentId !== undefined && known.has(row.parentId) ? row.parentId : undefined
    children.set(parent, [...(children.get(parent) ?? []), row])
  }
  const below = (parent: string | undefined): Row[] =>
    (children.get(parent) ?? [])
      .sort((one, other) => other.kind.localeCompare(one.kind) || one.name.localeCompare(other.name))
      .flatMap((row) => [row, ...below(row.nodeId)])
  return below(undefined)
}

export function Component(): ReactNode {
  const { data } = useQuery(nodes)
  const may = useMay()
  const [making, setMaking] = useState<'unit' | 'account' | undefined>()
  const inner = inTree(data?.items ?? []).filter(({ kind }) => kind !== 'account')
  const reasons = inner.map(({ nodeId }) => may('organization:manage', nodeId))
  const reason =
    inner.length === 0
      ? 'There is no organization yet that you see: First minutes make one.'
      : reasons.includes(undefined)
        ? undefined
        : reasons[0]
  return (
    <Page
      title="Organization"
      description="Policies, roles and exceptions hold at a node and below."
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Button disabled={reason !== undefined} disabledReason={reason} onClick={() => setMaking('unit')}>
            Make a unit
          </Button>
          <Button
            variant="primary"
            disabled={reason !== undefined}
            disabledReason={reason}
            onClick={() => setMaking('account')}
          >
            Make an account
          </Button>
        </SpaceBetween>
      }
      commands={[
        'cadastre organization tree',
        'cadastre unit create --name NAME --parent-id PARENT',
        'cadastre account create --name NAME --parent-id PARENT',
      ]}
      requests={['/organization/tree']}
    >
      <List
        title="Nodes"
        query={nodes}
        columns={columns}
        order={inTree}
        keyOf={(row) => row.nodeId}
        empty={
          <>
            There is no organization yet. <Link to="/start">First minutes</Link> make one.
          </>
        }
      />
      {making === 'unit' ? <MakeUnit under={inner} close={() => setMaking(undefined)} /> : null}
      {making === 'account' ? <MakeAccount under={inner} close={() => setMaking(undefined)} /> : null}
    </Page>
  )
}

interface MakeProps {
  readonly under: readonly Row[]
  readonly close: () => void
}
function usePlaces(under: readonly Row[]) {
  const may = useMay()
  return under.map(({ nodeId, name, kind }) => {
    const reason = may('organization:manage', nodeId)
    return {
      value: nodeId,
      label: name,
      description: `${kind.replace('organizational-', '')} ${nodeId}`,
      disabled: reason !== undefined,
      ...(reason === undefined ? {} : { disabledReason: reason }),
    }
  })
}
const firstOf = (places: ReturnType<typeof usePlaces>): string => places.find(({ disabled }) => !disabled)?.value ?? ''

function MakeUnit({ under, close }: MakeProps): ReactNode {
  const places = usePlaces(under)
  const form = useForm({
    initial: { name: '', parentId: firstOf(places) },
    checks: { name: needed('Say what it is called.'), parentId: needed('Choose what it hangs under.') },
    call: ({ name, parentId }) => answer(api.POST('/organizational-units', { body: { name: name.trim(), parentId } })),
    done: 'The unit is made.',
    after: close,
  })
  return (
    <FormDialog form={form} title="Make a unit" act="Make it" close={close}>
      <TextField form={form} name="name" label="Name" isFirst />
      <ChoiceField form={form} name="parentId" label="Under" options={places} />
    </FormDialog>
  )
}

const clouds = [
  { value: 'aws', label: 'AWS' },
  { value: 'azure', label: 'Azure' },
  { value: 'gcp', label: 'Google Cloud' },
  { value: 'k8s', label: 'Kubernetes' },
  { value: 'onprem', label: 'A site of your own' },
]

function MakeAccount({ under, close }: MakeProps): ReactNode {
  const places = usePlaces(under)
  const form = useForm({
    initial: { name: '', parentId: firstOf(places), cloud: 'aws', account: '', externalId: '', contact: '' },
    checks: {
      name: needed('Say what it is called.'),
      parentId: needed('Choose what it hangs under.'),
      account: (number) => (/^(\d{12})?$/.test(number.trim()) ? undefined : 'Twelve digits, or nothing.'),
    },
    call: ({ name, parentId, cloud, account, externalId, contact }) =>
      answer(
        api.POST('/accounts', {
          body: {
            name: name.trim(),
            parentId,
            ...(cloud === 'aws' ? {} : { cloud }),
            ...(cloud !== 'aws' || account.trim() === '' ? {} : { account: account.trim() }),
            ...(cloud === 'aws' || externalId.trim() === '' ? {} : { externalId: externalId.trim() }),
            ...(contact.trim() === '' ? {} : { contact: contact.trim() }),
          },
        }),
      ),
    done: 'The account is made.',
    after: close,
  })
  return (
    <FormDialog form={form} title="Make an account" act="Make it" close={close}>
      <TextField form={form} name="name" label="Name" isFirst />
      <ChoiceField form={form} name="parentId" label="Under" options={places} />
      <ChoiceField form={form} name="cloud" label="Cloud or kind of site" options={clouds} />
      {form.values.cloud === 'aws' ? (
        <TextField
          form={form}
          name="account"
          label="Number"
          hint="That AWS gave it. Without one, one is drawn."
          isOptional
        />
      ) : (
        <TextField
          form={form}
          name="externalId"
          label="What it is called there"
          hint="The id of a subscription or project, or the name of a cluster or site."
          isOptional
        />
      )}
      <TextField form={form} name="contact" label="Contact" hint="Whom to ask about what it has." isOptional />
    </FormDialog>
  )
}
