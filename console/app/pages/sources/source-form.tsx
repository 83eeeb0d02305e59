// A source is made, or its settings are changed: one form for both.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useNavigate, useParams } from 'react-router'
import { answer, api } from '../../api/client.ts'
import { nodes, scopes } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { ChoiceField, Form, needed, TextField, useForm } from '../../parts/form.tsx'
import { named } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { type Source, source } from './reads.ts'

export const loader = ({ params: { sourceId } }: { params: { sourceId?: string } }): Promise<null> =>
  load(nodes, scopes, ...(sourceId === undefined ? [] : [source(sourceId)]))

export function Component(): ReactNode {
  const { sourceId } = useParams()
  return sourceId === undefined ? <Make /> : <Edit sourceId={sourceId} />
}

function Make(): ReactNode {
  return (
    <Page
      title="Make a source"
      description="Something that tells what is there. It never hands out or frees space by itself."
      commands={['cadastre source create --name NAME --kind aws --node NODE --scope-id SCOPE']}
      requests={['/sources']}
    >
      <SourceForm />
    </Page>
  )
}
function Edit({ sourceId }: { sourceId: string }): ReactNode {
  const { data, error } = useQuery(source(sourceId))
  return (
    <Page
      title={data ? `Settings of ${data.name}` : 'Settings'}
      description={sourceId}
      commands={[`cadastre source update ${sourceId} --name NAME --report-every-seconds 86400`]}
      requests={[`/sources/${sourceId}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? <SourceForm of={data} /> : null}
    </Page>
  )
}

const often = [
  { value: '900', label: 'Every 15 minutes' },
  { value: '3600', label: 'Every hour' },
  { value: '21600', label: 'Every 6 hours' },
  { value: '86400', label: 'Every day' },
  { value: '604800', label: 'Every week' },
  { value: '2592000', label: 'Every 30 days' },
  { value: '31536000', label: 'Every year' },
]
const kindsOfSource = [
  'aws',
  'azure',
  'gcp',
  'kubernetes',
  'netbox',
  'phpipam',
  'infoblox',
  'terraform',
  'csv',
  'xlsx',
  'rir',
  'other',
]
/** Texts of one field, which are separated by commas or line breaks. */
const each = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((one) => one.trim())
    .filter((one) => one !== '')
const none = 'none'

function SourceForm({ of }: { of?: Source }): ReactNode {
  const navigate = useNavigate()
  const { data: tree } = useQuery(nodes)
  const { data: known } = useQuery(scopes)
  const nameOf = (id: string): string => tree?.items.find(({ nodeId }) => nodeId === id)?.name ?? id
  const form = useForm({
    initial: {
      name: of?.name ?? '',
      kind: of?.kind ?? '',
      node: of?.node ?? '',
      scopeId: of?.scopeId ?? none,
      reportEverySeconds: String(of?.reportEverySeconds ?? 86_400),
      description: of?.description ?? '',
      adopts: of?.adopts ?? none,
      coversNodes: (of?.coversNodes ?? []).map(nameOf).join(', '),
      coversLocales: (of?.coversLocales ?? []).join(', '),
      coversBlocks: (of?.coversBlocks ?? []).join(', '),
    },
    checks: {
      name: needed('Say what it is called.'),
      kind: needed('Choose what kind of source it is.'),
      node: needed('Choose of which accounts it tells.'),
    },
    fieldOf: (member) =>
      (['coversNodes', 'coversLocales', 'coversBlocks'] as const).find((name) => member.startsWith(name)),
    async call({ name, kind, node, scopeId, reportEverySeconds, description, adopts, ...covers }) {
      const shared = {
        name: name.trim(),
        reportEverySeconds: Number(reportEverySeconds),
        coversNodes: each(covers.coversNodes),
        coversLocales: each(covers.coversLocales),
        coversBlocks: each(covers.coversBlocks),
      }
      if (of)
        return answer(
          api.PATCH('/sources/{sourceId}', {
            params: { path: { sourceId: of.sourceId } },
            body: {
              ...shared,
              scopeId: scopeId === none ? null : scopeId,
              description: description.trim() === '' ? null : description.trim(),
              // Whoever sets what it adopts by itself lends it their right: left alone, that stays with whoever set it.
              ...(adopts === (of.adopts ?? none) ? {} : { adopts: adopts === none ? null : ('allowed' as const) }),
            },
          }),
        )
      return answer(
        api.POST('/sources', {
          body: {
            ...shared,
            kind,
            node,
            ...(scopeId === none ? {} : { scopeId }),
            ...(description.trim() === '' ? {} : { description: description.trim() }),
            ...(adopts === none ? {} : { adopts: 'allowed' as const }),
          },
        }),
      )
    },
    done: of ? 'The settings are changed.' : 'The source is made.',
    after: ({ sourceId }) => void navigate(`/sources/${sourceId}`),
  })
  const kindOptions = [...new Set([...kindsOfSource, ...(of ? [of.kind] : [])])].map((value) => ({
    value,
    label: value,
  }))
  const scopeOptions = [
    { value: none, label: 'None: it tells of public space alone' },
    ...(known?.items ?? [])
      .filter(({ scopeType }) => scopeType === 'private')
      .map(({ scopeId, name }) => ({ value: scopeId, label: named(scopeId, name) })),
  ]
  const oftenOptions = often.some(({ value }) => value === form.values.reportEverySeconds)
    ? often
    : [...often, { value: form.values.reportEverySeconds, label: `Every ${form.values.reportEverySeconds} seconds` }]
  return (
    <Form
      form={form}
      act={of ? 'Save' : 'Make the source'}
      cancel={() => navigate(of ? `/sources/${of.sourceId}` : '/sources')}
    >
      <TextField form={form} name="name" label="Name" hint="No other source has it." isFirst />
      {of ? null : <ChoiceField form={form} name="kind" label="Kind" options={kindOptions} />}
      {of ? null : (
        <ChoiceField
          form={form}
          name="node"
          label="Tells of"
          hint="It speaks of the accounts at this node and below. Who may send its snapshots has the role reporter there."
          options={(tree?.items ?? []).map(({ nodeId, name }) => ({ value: nodeId, label: named(nodeId, name) }))}
        />
      )}
      <ChoiceField
        form={form}
        name="scopeId"
        label="Scope"
        hint="The private scope in which its private space is registered."
        options={scopeOptions}
      />
      <ChoiceField
        form={form}
        name="reportEverySeconds"
        label="Reports"
        hint="A listing of more than twice this age is stale."
        options={oftenOptions}
      />
      <TextField form={form} name="description" label="Description" lines={2} isOptional />
      <ChoiceField
        form={form}
        name="adopts"
        label="Adopts by itself"
        hint="After each complete snapshot, on your right, as long as you have it."
        options={[
          { value: none, label: 'Nothing' },
          { value: 'allowed', label: 'What policy would have allowed' },
        ]}
      />
      <TextField
        form={form}
        name="coversNodes"
        label="Expected to tell of accounts and units"
        hint="By name or id, separated by commas. What lies in all three of these and is not told of is a difference."
        isOptional
      />
      <TextField
        form={form}
        name="coversLocales"
        label="Expected to tell of locales"
        placeholder="eu-central-1, onprem:zrh"
        isOptional
      />
      <TextField
        form={form}
        name="coversBlocks"
        label="Expected to tell of space"
        placeholder="10.64.0.0/16"
        isOptional
      />
    </Form>
  )
}
