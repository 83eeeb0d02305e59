// One policy: its documents, and where it is enabled.
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes, pools } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { Acts } from '../../parts/acts.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ChoiceField, FormDialog, TextField, useForm } from '../../parts/form.tsx'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Mode, Moment, momentText, None, Said } from '../../parts/words.tsx'
import { type Document, documentPath, sizesText, tagsText, whenText } from './document-words.ts'
import { assignedOf, documentsOf, policyOf } from './reads.ts'
import { semantics } from './semantics.ts'

export const loader = ({ params: { policyId } }: { params: { policyId?: string } }): Promise<null> =>
  load(policyOf(policyId!), documentsOf(policyId!), assignedOf(policyId!), nodes, pools)

const documentColumns = (policyId: string, nameOf: (id: string) => string | undefined): readonly Column<Document>[] => [
  {
    id: 'where',
    header: 'Locale and type',
    width: 150,
    cell: (row) => (
      <Link to={documentPath(policyId, row)}>
        <Said>{row.locale}</Said> <Said>{row.resourceType}</Said>
      </Link>
    ),
    text: (row) => `${row.locale} ${row.resourceType}`,
  },
  {
    id: 'rules',
    header: 'Pools, in this order',
    width: 260,
    cell: (row) => (
      <ol style={{ margin: 0, paddingInlineStart: 18 }}>
        {row.rules.map((rule) => (
          <li key={rule.poolId}>
            <Linked>{rule.poolId}</Linked> {whenText(rule.when, nameOf)}
          </li>
        ))}
      </ol>
    ),
    text: (row) => row.rules.map(({ poolId, when }) => `${poolId} ${whenText(when, nameOf)}`).join('; '),
  },
  {
    id: 'explicit',
    header: 'Another pool is named',
    width: 130,
    cell: (row) => row.onExplicit,
    text: (row) => row.onExplicit,
  },
  {
    id: 'exhausted',
    header: 'All are full',
    width: 110,
    cell: (row) => row.onExhausted,
    text: (row) => row.onExhausted,
  },
  { id: 'sizes', header: 'Sizes', width: 150, cell: (row) => sizesText(row) || <None />, text: sizesText },
  {
    id: 'tags',
    header: 'Required tags',
    width: 120,
    cell: (row) => (row.requiredTags.length === 0 ? <None /> : <Said>{tagsText(row)}</Said>),
    text: tagsText,
  },
]
export function Component(): ReactNode {
  const policyId = useParams().policyId!
  const navigate = useNavigate()
  const [isChanging, setChanging] = useState(false)
  const nameOf = useNodeNames()
  const { data, error } = useQuery(policyOf(policyId))
  const assignmentColumns: readonly Column<Schemas['PolicyAssignment']>[] = [
    {
      id: 'target',
      header: 'Enabled on',
      width: 200,
      cell: (row) => (
        <Link to={`/policies/${policyId}/assignment?targetId=${row.targetId}`}>
          <Said>{nameOf(row.targetId) ?? row.targetId}</Said>
        </Link>
      ),
      text: (row) => named(row.targetId, nameOf(row.targetId)),
    },
    { id: 'mode', header: 'Mode', width: 100, cell: (row) => <Mode of={row.mode} />, text: (row) => row.mode },
    { id: 'kind', header: 'As', width: 100, cell: (row) => row.kind, text: (row) => row.kind },
    {
      id: 'at',
      header: 'Since',
      width: 170,
      cell: (row) => <Moment at={row.assignedAt} />,
      text: (row) => momentText(row.assignedAt),
    },
    {
      id: 'candidate',
      header: 'May become',
      width: 140,
      cell: (row) => (
        <Link
          to={`/policies/${policyId}/candidate?targetId=${row.targetId}`}
          aria-label={`Candidate on ${nameOf(row.targetId) ?? row.targetId}`}
        >
          Candidate
        </Link>
      ),
      text: () => '',
    },
  ]
  return (
    <Page
      title={data?.name ?? policyId}
      description={policyId}
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Button disabled={!data} disabledReason="It is not loaded." onClick={() => setChanging(true)}>
            Change
          </Button>
          <Acts
            of={data}
            acts={[
              {
                id: 'delete',
                act: 'Delete',
                title: 'Delete this policy',
                says: 'Its versions are kept, and decisions that it made still name it.',
                done: 'The policy is deleted.',
                reason:
                  data && data.assignmentCount > 0 ? 'It is enabled somewhere: take it off there first.' : undefined,
                async call() {
                  await answer(api.DELETE('/policies/{policyId}', { params: { path: { policyId } } }))
                  await navigate('/policies')
                },
              },
            ]}
          />
          <Button onClick={() => void navigate(`/policies/${policyId}/assignment`)}>Enable it</Button>
          <Button variant="primary" onClick={() => void navigate(`/policies/${policyId}/document`)}>
            Write a document
          </Button>
        </SpaceBetween>
      }
      commands={[
        `cadastre policy show ${policyId}`,
        `cadastre policy-document list ${policyId}`,
        `cadastre assignment list --policy-id ${policyId}`,
      ]}
      requests={[`/policies/${policyId}`, `/policies/${policyId}/documents`, `/assignments?policyId=${policyId}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <SpaceBetween size="l">
          <Facts
            title="Policy"
            facts={[
              ['Owner', <Account key="o" id={data.account} name={nameOf(data.account)} />],
              [
                'Version in force',
                <Link key="v" to={`/policies/${policyId}/versions`}>
                  {data.version}, and how it differs from others
                </Link>,
              ],
              ['Semantics', data.compatibility],
              ['Contact', data.contact === undefined ? undefined : <Said key="c">{data.contact}</Said>],
              [
                'Decisions',
                <Link key="d" to={`/decisions?policyId=${policyId}`}>
                  All that it made
                </Link>,
              ],
            ]}
          />
          <List
            title="Documents"
            query={documentsOf(policyId)}
            columns={documentColumns(policyId, nameOf)}
            keyOf={(row) => `${row.locale} ${row.resourceType}`}
            empty={
              <>
                It says nothing yet. <Link to={`/policies/${policyId}/document`}>Write its first document</Link>
              </>
            }
          />
          <List
            title="Where it is enabled"
            query={assignedOf(policyId)}
            columns={assignmentColumns}
            keyOf={(row) => row.targetId}
            empty={
              <>
                It is enabled nowhere, and acts nowhere. <Link to={`/policies/${policyId}/assignment`}>Enable it</Link>
              </>
            }
          />
        </SpaceBetween>
      ) : null}
      {data && isChanging ? <Change of={data} close={() => setChanging(false)} /> : null}
    </Page>
  )
}

/** Only what somebody has changed is sent: what others change meanwhile stays theirs. */
function Change({ of, close }: { of: Schemas['Policy']; close: () => void }): ReactNode {
  const { policyId } = of
  const form = useForm({
    initial: { name: of.name ?? '', contact: of.contact ?? '', compatibility: of.compatibility as string },
    checks: {
      name: (name, { contact, compatibility }) =>
        name === (of.name ?? '') && contact === (of.contact ?? '') && compatibility === of.compatibility
          ? 'Nothing is changed yet.'
          : undefined,
    },
    call: ({ name, contact, compatibility }) =>
      answer(
        api.PATCH('/policies/{policyId}', {
          params: { path: { policyId } },
          body: {
            ...(name === (of.name ?? '') ? {} : { name: name.trim() || null }),
            ...(contact === (of.contact ?? '') ? {} : { contact: contact.trim() || null }),
            ...(compatibility === of.compatibility ? {} : { compatibility: compatibility as 'strict' }),
          },
        }),
      ),
    done: 'The policy is changed.',
    after: close,
  })
  return (
    <FormDialog form={form} title="Change this policy" act="Change" close={close}>
      <TextField form={form} name="name" label="Name" isOptional isFirst />
      <TextField
        form={form}
        name="contact"
        label="Contact"
        hint="Those who are denied are told whom to ask."
        isOptional
      />
      <ChoiceField
        form={form}
        name="compatibility"
        label="Semantics"
        hint="Settings that no document says follow it."
        options={semantics}
      />
    </FormDialog>
  )
}
