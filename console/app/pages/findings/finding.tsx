// One finding: what was seen, why, how it is mended, and when it was open.

import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes, pageRows, pools, searchParamsOf, taken } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Acts } from '../../parts/acts.tsx'
import { moment, word } from '../../parts/columns.tsx'
import { Facts } from '../../parts/facts.tsx'
import { ChoiceField, FormDialog, needed, TextField, useForm } from '../../parts/form.tsx'
import { Linked } from '../../parts/linked.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useMay } from '../../parts/may.ts'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Cidr, Moment, Said, State } from '../../parts/words.tsx'
import { wordsOf } from './controls.ts'

type Finding = Schemas['Finding']
type Opening = Schemas['FindingOpening']
const finding = (findingId: string) =>
  ask(['finding', findingId], (signal) => api.GET('/findings/{findingId}', { params: { path: { findingId } }, signal }))
const openings = (findingId: string, params: URLSearchParams) => {
  const query = { limit: pageRows, ...taken(params) }
  return ask(['finding-openings', findingId, query], (signal) =>
    api.GET('/findings/{findingId}/openings', { params: { path: { findingId }, query }, signal }),
  )
}
export const loader = ({
  params: { findingId },
  request,
}: {
  params: { findingId?: string }
  request: Request
}): Promise<null> => load(finding(findingId!), openings(findingId!, searchParamsOf(request)), nodes, pools)

/** Where what it is about can be looked at, and mended. */
function leadOf({ control, resource, sourceId }: Finding): { readonly to: string; readonly words: string } | undefined {
  if (control.startsWith('difference-') && sourceId !== undefined)
    return { to: `/sources/${sourceId}/differences/${resource}`, words: 'Open the difference' }
  if (control === 'source-stale') return { to: `/sources/${resource}`, words: 'Open the source' }
  if (resource.startsWith('ipam-pool-') && !resource.startsWith('ipam-pool-alloc-'))
    return { to: `/pools/${resource}`, words: 'Open the pool' }
  if (resource.startsWith('exception-')) return { to: `/exceptions/${resource}`, words: 'Open the exception' }
  if (resource.startsWith('change-request-'))
    return { to: `/change-requests/${resource}`, words: 'Open the change request' }
  return undefined
}
const factText = (value: string | number | boolean | readonly string[]): string =>
  typeof value === 'object' ? value.join(', ') : String(value)
/** `usedPercent`, as people read it. */
const factName = (name: string): string => {
  const words = name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const columns: readonly Column<Opening>[] = [
  word('number', 'Time', 70, (row) => row.number),
  moment('From', (row) => row.from),
  {
    id: 'until',
    header: 'Until',
    width: 170,
    cell: (row) => (row.until === undefined ? 'goes on' : <Moment at={row.until} />),
    text: (row) => row.until ?? '',
  },
  word('aside', 'Set aside', 90, (row) => (row.isSuppressed ? 'yes' : 'no')),
  {
    id: 'summary',
    header: 'What it said',
    width: 280,
    cell: (row) => <Linked>{row.summary}</Linked>,
    text: (row) => row.summary,
  },
]

export function Component(): ReactNode {
  const findingId = useParams().findingId!
  const [params] = useSearchParams()
  const nameOf = useNodeNames()
  const { data, error } = useQuery(finding(findingId))
  const [isAsking, setAsking] = useState(false)
  const words = data && wordsOf(data.control)
  const lead = data && leadOf(data)
  const cidr = typeof data?.facts.cidr === 'string' ? data.facts.cidr : undefined
  const isAside = data?.status === 'suppressed'
  const may = useMay()
  const whyNot = data && may('finding:manage', data.node)
  const whyNotAside = words?.isNeverSuppressed
    ? `It is never set aside. ${words.mend}`
    : data?.status === 'open'
      ? whyNot
      : isAside
        ? 'It is set aside already.'
        : 'It is resolved.'
  return (
    <Page
      title={data?.summary ?? 'Finding'}
      description={findingId}
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Button disabled disabledReason={words?.ends ?? 'It is not loaded.'}>
            Resolve
          </Button>
          <Acts<Finding>
            of={data}
            acts={[
              {
                id: 'open',
                act: 'Open again',
                title: 'Open this finding again',
                says: 'It counts as open from now on.',
                done: 'The finding is open again.',
                reason: isAside ? whyNot : 'It is not set aside.',
                call: () => answer(api.POST('/findings/{findingId}/unsuppress', { params: { path: { findingId } } })),
              },
            ]}
          />
          <Button
            disabled={data === undefined || whyNotAside !== undefined}
            disabledReason={whyNotAside ?? 'It is not loaded.'}
            onClick={() => setAsking(true)}
          >
            Set aside
          </Button>
        </SpaceBetween>
      }
      commands={[
        `cadastre finding show ${findingId}`,
        `cadastre finding history ${findingId}`,
        `cadastre finding suppress ${findingId} --reason 'WHY' --until 30d`,
        `cadastre finding unsuppress ${findingId}`,
      ]}
      requests={[`/findings/${findingId}`, `/findings/${findingId}/openings`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data && words ? (
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">The way to mend it</Header>}>
            <SpaceBetween size="s">
              <span>{words.mend}</span>
              <span>{words.ends}</span>
              <SpaceBetween size="m" direction="horizontal">
                {lead ? <Link to={lead.to}>{lead.words}</Link> : null}
                {cidr ? (
                  <Link to={`/address?cidr=${encodeURIComponent(cidr)}`}>{`Who has ${cidr}, and its life`}</Link>
                ) : null}
              </SpaceBetween>
            </SpaceBetween>
          </Container>
          <Facts
            title="Finding"
            facts={[
              ['Status', <State key="s" of={data.status} />],
              ['Severity', data.severity],
              ['What is watched for', words.what],
              ['At', <Said key="n">{named(data.node, nameOf(data.node))}</Said>],
              ['About', <Linked key="r">{data.resource}</Linked>],
              ['Type', data.resourceType],
              ['Locale', data.locale],
              [
                'Told by',
                data.sourceId === undefined ? undefined : (
                  <Link key="o" to={`/sources/${data.sourceId}`}>
                    {data.sourceId}
                  </Link>
                ),
              ],
              ['Open since', <Moment key="p" at={data.openedAt} />],
              ['First seen', <Moment key="f" at={data.firstSeenAt} />],
              ['Last seen', <Moment key="l" at={data.lastSeenAt} />],
              ['Resolved', data.resolvedAt === undefined ? undefined : <Moment key="e" at={data.resolvedAt} />],
              [
                'Set aside',
                data.suppression && (
                  <span key="a">
                    <Said>{data.suppression.reason}</Said> – by <Said>{data.suppression.by}</Said>, until{' '}
                    <Moment at={data.suppression.until} />
                  </span>
                ),
              ],
            ]}
          />
          <Facts
            title="Why: what was seen"
            facts={Object.entries(data.facts).map(([name, value]) => [
              factName(name),
              name === 'cidr' ? (
                <Cidr key={name}>{factText(value)}</Cidr>
              ) : (
                <Linked key={name} names={data.names}>
                  {factText(value)}
                </Linked>
              ),
            ])}
          />
        </SpaceBetween>
      ) : null}
      <List
        title="When it was open"
        query={openings(findingId, params)}
        columns={columns}
        keyOf={(row) => String(row.number)}
        empty="It was never open."
      />
      {isAsking ? <SetAside findingId={findingId} close={() => setAsking(false)} /> : null}
    </Page>
  )
}

const days = [7, 30, 90].map((count) => ({ value: String(count), label: `${count} days` }))
function SetAside({ findingId, close }: { findingId: string; close: () => void }): ReactNode {
  const form = useForm({
    initial: { reason: '', days: '30' },
    checks: { reason: needed('Say why.') },
    call: (values) =>
      answer(
        api.POST('/findings/{findingId}/suppress', {
          params: { path: { findingId } },
          body: {
            reason: values.reason.trim(),
            until: new Date(Date.now() + Number(values.days) * 86_400_000).toISOString(),
          },
        }),
      ),
    done: 'The finding is set aside. It is open again by itself.',
    after: close,
  })
  return (
    <FormDialog form={form} title="Set this finding aside" act="Set aside" close={close}>
      <p>It ends by itself. What is set aside does not comply for that: it stays in every score.</p>
      <TextField form={form} name="reason" label="Reason" hint="For whoever looks later." lines={3} isFirst />
      <ChoiceField form={form} name="days" label="For" options={days} />
    </FormDialog>
  )
}
