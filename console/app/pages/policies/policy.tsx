// One policy: its documents as a matrix of locale and type, where it is enabled, and its versions.
import ExpandableSection from '@cloudscape-design/components/expandable-section'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { assignmentList, nodes, pools } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Facts } from '../../parts/facts.tsx'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Mode, Moment, momentText, None, Said } from '../../parts/words.tsx'

/** Of documents and versions, as many as one page shows. */
const rowsMax = 1000
const versionsShown = 50
const one = (policyId: string) =>
  ask(['policy', policyId], (signal) => api.GET('/policies/{policyId}', { params: { path: { policyId } }, signal }))
const documents = (policyId: string) =>
  ask(['documents', policyId], (signal) =>
    api.GET('/policies/{policyId}/documents', { params: { path: { policyId }, query: { limit: rowsMax } }, signal }),
  )
const versions = (policyId: string) =>
  ask(['versions', policyId], (signal) =>
    api.GET('/policies/{policyId}/versions', {
      params: { path: { policyId }, query: { limit: versionsShown } },
      signal,
    }),
  )
const assigned = (policyId: string) => assignmentList(new URLSearchParams({ policyId }))
export const loader = ({ params: { policyId } }: { params: { policyId?: string } }): Promise<null> =>
  load(one(policyId!), documents(policyId!), assigned(policyId!), nodes, pools)

type Document = Schemas['PolicyDocument']
const sizes = ({ size, sizeIpv6 }: Document): string =>
  [size, sizeIpv6]
    .flatMap((of) => (of === undefined ? [] : [`/${of.min} to /${of.max}, /${of.default} where nothing is said`]))
    .join('; ')
const tagsOf = ({ requiredTags }: Document): string =>
  requiredTags.map(({ key, value }) => (value === undefined ? key : `${key}=${value}`)).join(', ')
const whenOf = ({ when }: Schemas['PolicyRule']): string =>
  when === undefined
    ? ''
    : ` when ${[
        ...(when.accounts ? [`account is ${when.accounts.join(' or ')}`] : []),
        ...(when.organizationalUnits ? [`in ${when.organizationalUnits.join(' or ')}`] : []),
        ...(when.tags ? [`tags are ${JSON.stringify(when.tags)}`] : []),
      ].join(' and ')}`
const documentColumns: readonly Column<Document>[] = [
  {
    id: 'where',
    header: 'Locale and type',
    width: 150,
    cell: (row) => (
      <>
        <Said>{row.locale}</Said> <Said>{row.resourceType}</Said>
      </>
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
          <li key={`${rule.poolId} ${whenOf(rule)}`}>
            <Linked>{rule.poolId}</Linked>
            {whenOf(rule)}
          </li>
        ))}
      </ol>
    ),
    text: (row) => row.rules.map((rule) => rule.poolId + whenOf(rule)).join('; '),
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
  { id: 'sizes', header: 'Sizes', width: 150, cell: (row) => sizes(row) || <None />, text: sizes },
  {
    id: 'tags',
    header: 'Required tags',
    width: 120,
    cell: (row) => (row.requiredTags.length === 0 ? <None /> : <Said>{tagsOf(row)}</Said>),
    text: tagsOf,
  },
]
const versionColumns: readonly Column<Schemas['PolicyVersionSummary']>[] = [
  { id: 'version', header: 'Version', width: 90, cell: (row) => row.version, text: (row) => String(row.version) },
  { id: 'author', header: 'Author', width: 200, cell: (row) => <Said>{row.author}</Said>, text: (row) => row.author },
  {
    id: 'at',
    header: 'Made',
    width: 170,
    cell: (row) => <Moment at={row.createdAt} />,
    text: (row) => momentText(row.createdAt),
  },
  {
    id: 'documents',
    header: 'Documents',
    width: 100,
    cell: (row) => row.documentCount,
    text: (row) => String(row.documentCount),
  },
]

export function Component(): ReactNode {
  const policyId = useParams().policyId!
  const nameOf = useNodeNames()
  const { data, error } = useQuery(one(policyId))
  const [isOpen, setOpen] = useState(false)
  const assignmentColumns: readonly Column<Schemas['PolicyAssignment']>[] = [
    {
      id: 'target',
      header: 'Enabled on',
      width: 200,
      cell: (row) => <Said>{nameOf(row.targetId) ?? row.targetId}</Said>,
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
  ]
  return (
    <Page
      title={data?.name ?? policyId}
      description={policyId}
      commands={[
        `cadastre policy show ${policyId}`,
        `cadastre policy-document list ${policyId}`,
        `cadastre policy-version list ${policyId}`,
        `cadastre assignment list --policy-id ${policyId}`,
      ]}
      requests={[
        `/policies/${policyId}`,
        `/policies/${policyId}/documents`,
        `/policies/${policyId}/versions`,
        `/assignments?policyId=${policyId}`,
      ]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <SpaceBetween size="l">
          <Facts
            title="Policy"
            facts={[
              ['Owner', <Account key="o" id={data.account} name={nameOf(data.account)} />],
              ['Version in force', data.version],
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
            query={documents(policyId)}
            columns={documentColumns}
            keyOf={(row) => `${row.locale} ${row.resourceType}`}
            empty="It says nothing yet."
          />
          <List
            title="Where it is enabled"
            query={assigned(policyId)}
            columns={assignmentColumns}
            keyOf={(row) => row.targetId}
            empty="It is enabled nowhere, and acts nowhere."
          />
          <ExpandableSection
            headerText="Versions"
            variant="container"
            expanded={isOpen}
            onChange={({ detail }) => setOpen(detail.expanded)}
          >
            {isOpen ? (
              <List
                title="Versions"
                query={versions(policyId)}
                columns={versionColumns}
                keyOf={(row) => String(row.version)}
                empty="There is no version yet."
              />
            ) : null}
          </ExpandableSection>
        </SpaceBetween>
      ) : null}
    </Page>
  )
}
