// Who may do what where: roles are bound and taken away, and what each may is readable.
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { bindingList, nodes, searchParamsOf } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { useAct } from '../../parts/act.ts'
import { moment, node, said, word } from '../../parts/columns.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { ChoiceField, FormDialog, TextField, useForm } from '../../parts/form.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { ListPage } from '../../parts/list-page.tsx'
import { useMay } from '../../parts/may.ts'
import { named, useNodeNames } from '../../parts/names.ts'
import { Said } from '../../parts/words.tsx'

const roles = { ...ask(['roles'], (signal) => api.GET('/roles', { signal })), staleTime: 300_000 }
export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(bindingList(searchParamsOf(request)), nodes, roles)

type Row = Schemas['RoleBinding']
type Role = Schemas['Role']

const roleColumns: readonly Column<Role>[] = [
  word('role', 'Role', 180, (row) => row.role),
  word('summary', 'What it is for', 240, (row) => row.summary),
  {
    id: 'actions',
    header: 'What it may',
    width: 240,
    cell: (row) => (
      <ExpandableSection headerText={`${row.actions.length} actions of ${row.role}`}>
        {row.actions.join(', ')}
      </ExpandableSection>
    ),
    text: (row) => row.actions.join(' '),
  },
]

export function Component(): ReactNode {
  const nameOf = useNodeNames()
  const may = useMay()
  const [params] = useSearchParams()
  const [isBinding, setBinding] = useState(false)
  const [leaving, setLeaving] = useState<Row | undefined>()
  const columns: readonly Column<Row>[] = [
    said('principal', 'Who', 200, (row) => row.principal),
    word('role', 'Role', 180, (row) => row.role),
    node('Where', nameOf, (row) => row.node),
    word('effect', 'Effect', 100, (row) => row.effect),
    moment('Since', (row) => row.createdAt),
    {
      id: 'delete',
      header: 'Take it away',
      width: 120,
      cell: (row) => {
        const reason = may('role:manage', row.node)
        return (
          <Button
            disabled={reason !== undefined}
            disabledReason={reason}
            wrapText={false}
            ariaLabel={`${row.effect === 'forbid' ? 'Lift' : 'Take away'} ${row.role} of ${row.principal} at ${named(row.node, nameOf(row.node))}`}
            onClick={() => setLeaving(row)}
          >
            {row.effect === 'forbid' ? 'Lift' : 'Take away'}
          </Button>
        )
      },
      text: () => '',
    },
  ]
  return (
    <>
      <ListPage
        title="Roles"
        tableTitle="Role bindings"
        description="A role holds at its node and below; a forbid is stronger than every permit from there or below."
        command="cadastre role-binding list"
        moreCommands={[
          'cadastre role list',
          'cadastre role-binding create --principal user:NAME --role auditor --node NODE',
          'cadastre role-binding delete BINDING_ID',
        ]}
        path="/role-bindings"
        names={['principal', 'node']}
        list={bindingList}
        columns={columns}
        keyOf={(row) => row.bindingId}
        filters={[
          { name: 'principal', label: 'Who' },
          { name: 'node', label: 'Where' },
        ]}
        actions={
          <Button variant="primary" onClick={() => setBinding(true)}>
            Give a role
          </Button>
        }
        empty="Nobody has a role that you may see."
        above={<Above at={params.get('node')} />}
        below={
          <List
            title="What roles may"
            query={roles}
            columns={roleColumns}
            keyOf={(row) => row.role}
            empty="There are none."
          />
        }
      />
      {isBinding ? <Bind at={params.get('node') ?? ''} close={() => setBinding(false)} /> : null}
      {leaving === undefined ? null : <Leave binding={leaving} close={() => setLeaving(undefined)} />}
    </>
  )
}

/** Of a node: what is bound further up holds there, too. */
function Above({ at }: { at: string | null }): ReactNode {
  const nameOf = useNodeNames()
  const { data: tree } = useQuery(nodes)
  const path = tree?.items.find(({ nodeId }) => nodeId === at)?.path
  if (at === null || path === undefined) return null
  return (
    <Alert type="info" header={`Who may do what at ${nameOf(at) ?? at}`}>
      What is bound above it holds there, too:{' '}
      {['*', ...path.slice(0, -1)].map((id) => (
        <span key={id}>
          <Link to={`/roles?node=${encodeURIComponent(id)}`}>
            {id === '*' ? 'everywhere' : (nameOf(id) ?? id)}
          </Link>{' '}
        </span>
      ))}
    </Alert>
  )
}

const effects = [
  { value: 'permit', label: 'permit', description: 'They may, at the node and below.' },
  { value: 'forbid', label: 'forbid', description: 'They may not, whatever permits them there or below.' },
]

function Bind({ at, close }: { at: string; close: () => void }): ReactNode {
  const { data: tree } = useQuery(nodes)
  const { data: known } = useQuery(roles)
  const may = useMay()
  const places = [
    { nodeId: '*', name: 'Everywhere', kind: 'also outside the organization' },
    ...(tree?.items ?? []),
  ].map(({ nodeId, name, kind }) => {
    const reason = may('role:manage', nodeId)
    return {
      value: nodeId,
      label: name,
      description: `${kind.replace('organizational-', '')} ${nodeId}`,
      disabled: reason !== undefined,
      ...(reason === undefined ? {} : { disabledReason: reason }),
    }
  })
  const form = useForm({
    initial: {
      principal: '',
      role: 'auditor' as Row['role'],
      node: at,
      effect: 'permit' as Row['effect'],
    },
    checks: {
      principal: (name) =>
        /^(user|service|group):./.test(name.trim()) ? undefined : 'Such as user:olga, group:network or service:build.',
      node: (id) => (id === '' ? 'Choose where it holds.' : undefined),
    },
    call: (values) => answer(api.POST('/role-bindings', { body: { ...values, principal: values.principal.trim() } })),
    done: 'The role is given.',
    after: close,
  })
  const chosen = known?.items.find(({ role }) => role === form.values.role)
  return (
    <FormDialog form={form} title="Give a role" act="Give it" close={close}>
      <TextField
        form={form}
        name="principal"
        label="Who"
        hint="A person, a group of your identity provider, or a service."
        placeholder="user:olga"
        isFirst
      />
      <ChoiceField
        form={form}
        name="role"
        label="Role"
        hint={chosen === undefined ? undefined : `May: ${chosen.actions.join(', ')}`}
        options={(known?.items ?? []).map(({ role, summary }) => ({ value: role, label: role, description: summary }))}
      />
      <ChoiceField form={form} name="node" label="Where" hint="There and below." options={places} />
      <ChoiceField
        form={form}
        name="effect"
        label="Effect"
        hint="You give only what you have yourself there."
        options={effects}
      />
    </FormDialog>
  )
}

function Leave({ binding, close }: { binding: Row; close: () => void }): ReactNode {
  const nameOf = useNodeNames()
  const { bindingId, principal, role, node: where, effect } = binding
  const act = useAct<void, unknown>(
    () => answer(api.DELETE('/role-bindings/{bindingId}', { params: { path: { bindingId } } })),
    effect === 'forbid' ? 'It is forbidden no more.' : 'The role is taken away.',
    close,
  )
  const isForbid = effect === 'forbid'
  return (
    <Confirm
      title={isForbid ? 'Lift what is forbidden' : 'Take this role away'}
      act={isForbid ? 'Lift' : 'Take away'}
      isBusy={act.isPending}
      error={act.error}
      close={close}
      confirm={() => act.mutate()}
    >
      <p>
        <Said>{principal}</Said> {isForbid ? 'is forbidden' : 'has'} {role} at{' '}
        {where === '*' ? 'everywhere' : <Said>{named(where, nameOf(where))}</Said>}. From the next request on{' '}
        {isForbid ? 'what permits it counts again.' : 'it counts no more, also for what services of theirs do.'}
      </p>
    </Confirm>
  )
}
