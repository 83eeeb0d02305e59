// The editor of one document of a policy: fields and text of the same, and what it would do while somebody types.
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Grid from '@cloudscape-design/components/grid'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Textarea from '@cloudscape-design/components/textarea'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useMemo, useState } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { answer, api, Trouble } from '../../api/client.ts'
import { nodes, pools, searchParamsOf } from '../../api/lists.ts'
import { ask, load, queries, type Read } from '../../api/queries.ts'
import { resourceTypes } from '../../api/resource-types.ts'
import { Acts } from '../../parts/acts.tsx'
import { changeActs } from '../../parts/change-acts.ts'
import { ChoiceField, Form, needed, TextField, useForm } from '../../parts/form.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Differences } from './differences.tsx'
import { DocumentFields } from './document-fields.tsx'
import { type Document, differencesOf } from './document-words.ts'
import { bodyOf, type Draft, draftOf, emptyDraft, readDraft, textOf } from './draft.ts'
import { askedIn, Preview, reasonIn, useQuiet } from './preview.tsx'
import { documentsOf, policyOf } from './reads.ts'

interface Place {
  readonly policyId: string
  readonly locale: string
  readonly resourceType: string
  /** It is not there before it is saved. */
  readonly isNew: boolean
}
/** A document as it is at the server, or that there is none; and what names this state. */
interface Held {
  readonly document: Document | undefined
  readonly etag: string | undefined
}
const heldAt = (place: Place): Read<Held> => ({
  queryKey: ['document', place],
  async queryFn({ signal }) {
    const { policyId, locale, resourceType, isNew } = place
    // Whether there is one already is asked of the list, where it is no fault that there is none.
    if (isNew) {
      const query = { locale, resourceType }
      const listed = api.GET('/policies/{policyId}/documents', { params: { path: { policyId }, query }, signal })
      if ((await answer(listed)).items.length === 0) return { document: undefined, etag: undefined }
    }
    const path = { policyId, locale, resourceType }
    const read = await api.GET('/policies/{policyId}/documents/{locale}/{resourceType}', { params: { path }, signal })
    return { document: await answer(Promise.resolve(read)), etag: read.response.headers.get('etag') ?? undefined }
  },
})
const placeIn = (policyId: string, params: URLSearchParams): Place => ({
  policyId,
  locale: params.get('locale') ?? '',
  resourceType: params.get('resourceType') ?? '',
  isNew: params.has('new'),
})
const isWhole = ({ locale, resourceType }: Place): boolean => locale !== '' && resourceType !== ''

export const loader = ({
  params: { policyId },
  request,
}: {
  params: { policyId?: string }
  request: Request
}): Promise<null> => {
  const place = placeIn(policyId!, searchParamsOf(request))
  return load(policyOf(policyId!), nodes, pools, isWhole(place) ? heldAt(place) : resourceTypes)
}

export function Component(): ReactNode {
  const policyId = useParams().policyId!
  const [params] = useSearchParams()
  const place = placeIn(policyId, params)
  return isWhole(place) ? (
    <Loaded key={`${place.locale} ${place.resourceType}`} place={place} />
  ) : (
    <ChoosePlace policyId={policyId} />
  )
}

const commandsFor = ({ policyId, locale, resourceType }: Omit<Place, 'isNew'>): readonly string[] => [
  `cadastre policy-document show ${policyId} ${locale || 'LOCALE'} ${resourceType || 'TYPE'}`,
  `cadastre policy-document preview ${policyId} ${locale || 'LOCALE'} ${resourceType || 'TYPE'} --rules @rules.json`,
  `cadastre policy-document put ${policyId} ${locale || 'LOCALE'} ${resourceType || 'TYPE'} --rules @rules.json`,
]

function ChoosePlace({ policyId }: { policyId: string }): ReactNode {
  const navigate = useNavigate()
  const [params, setParams] = useSearchParams()
  const { data: policy } = useQuery(policyOf(policyId))
  const { data: types } = useQuery(resourceTypes)
  const form = useForm({
    initial: { locale: params.get('locale') ?? policy?.region ?? '', resourceType: params.get('resourceType') ?? '' },
    checks: { locale: needed('Say a locale.'), resourceType: needed('Choose a type.') },
    call: async (values) => setParams({ ...values, locale: values.locale.trim(), new: 'true' }),
    done: 'Now choose its pools, and save it.',
  })
  return (
    <Page
      title={`A document for ${policy?.name ?? policyId}`}
      description="A policy has at most one for each locale and resource type."
      commands={commandsFor({ policyId, locale: '', resourceType: '' })}
      requests={[`/policies/${policyId}/documents`]}
    >
      <Container>
        <Form form={form} act="Go on" cancel={() => void navigate(`/policies/${policyId}`)}>
          <TextField form={form} name="locale" label="Locale" hint="Such as eu-central-1, or onprem:SITE." isFirst />
          <ChoiceField
            form={form}
            name="resourceType"
            label="Resource type"
            options={(types?.items ?? []).map(({ resourceType, summary }) => ({
              value: resourceType,
              label: resourceType,
              description: summary,
            }))}
          />
        </Form>
      </Container>
    </Page>
  )
}

function Loaded({ place }: { place: Place }): ReactNode {
  const { data, error, refetch } = useQuery(heldAt(place))
  if (data) return <Editor place={place} latest={data} />
  return (
    <Page title={`${place.resourceType} in ${place.locale}`} commands={commandsFor(place)} requests={[]}>
      {error ? <Wrong error={error} retry={() => void refetch()} /> : null}
    </Page>
  )
}

/** The state that somebody began from is another one by now. */
class ChangedMeanwhile extends Error {}

function Editor({ place, latest }: { place: Place; latest: Held }): ReactNode {
  const { policyId, locale, resourceType, isNew } = place
  const navigate = useNavigate()
  const nameOf = useNodeNames()
  const [params, setParams] = useSearchParams()
  const { data: policy } = useQuery(policyOf(policyId))
  /** What this began from: what is saved replaces that, and nothing else. */
  const [base, setBase] = useState(latest)
  const path = { policyId, locale, resourceType }
  const form = useForm<{ text: string }, Held>({
    initial: { text: textOf(base.document ? draftOf(base.document) : emptyDraft) },
    checks: {
      text: (text) => {
        const read = readDraft(text)
        return 'problem' in read ? read.problem : undefined
      },
    },
    async call({ text }) {
      const read = readDraft(text)
      if ('problem' in read) throw new Error(read.problem)
      const now = await queries.fetchQuery({ ...heldAt(place), staleTime: 0 })
      if (now.etag !== base.etag) throw new ChangedMeanwhile('It was changed meanwhile: look at what, and save again.')
      const put = await api.PUT('/policies/{policyId}/documents/{locale}/{resourceType}', {
        params: { path, ...(base.etag === undefined ? {} : { header: { 'if-match': base.etag } }) },
        // What somebody else has made meanwhile is not overwritten either.
        ...(base.etag === undefined ? { headers: { 'if-none-match': '*' } } : {}),
        body: bodyOf(read.draft),
      })
      // Between the look and the change somebody else was first: what they did is shown.
      if (put.response.status === 412) await queries.invalidateQueries({ queryKey: ['document', place] })
      return { document: await answer(Promise.resolve(put)), etag: put.response.headers.get('etag') ?? undefined }
    },
    done: 'The document is saved, and in force wherever the policy is enabled.',
    after(saved) {
      setBase(saved)
      queries.setQueryData(heldAt({ ...place, isNew: false }).queryKey, saved)
      if (!isNew) return
      setParams((before) => new URLSearchParams([...before].filter(([name]) => name !== 'new')), { replace: true })
    },
  })
  const { text } = form.values
  const read = useMemo(() => readDraft(text), [text])
  const [shown, setShown] = useState<Draft>('draft' in read ? read.draft : emptyDraft)
  const draft = 'draft' in read ? read.draft : shown
  const setText = (next: string): void => {
    form.set('text', next)
    const made = readDraft(next)
    if ('draft' in made) setShown(made.draft)
  }
  const setDraft = (next: Draft): void => setText(textOf(next))

  const request = askedIn(params)
  const asked = useQuiet(JSON.stringify({ ...draft, ...(request ? { request } : {}) }))
  const preview = useQuery({
    ...ask(['preview', place, asked], (signal) =>
      api.POST('/policies/{policyId}/documents/{locale}/{resourceType}/preview', {
        params: { path },
        body: JSON.parse(asked),
        signal,
      }),
    ),
    // Without a pool there is nothing to look at yet.
    enabled: draft.rules.length > 0,
    placeholderData: keepPreviousData,
    retry: false,
  })
  const refused = [form.error, preview.error].find((one) => one instanceof Trouble && one.field !== undefined)
  const field = refused instanceof Trouble ? refused.field! : undefined
  const wrong = (member: string): string | undefined =>
    field === member || field?.startsWith(`${member}.`) ? refused!.message : undefined
  const isChanged = latest.etag !== base.etag
  useEffect(() => {
    // What has changed is told at the top, and whoever saves is at the end.
    if (isChanged) scrollTo({ top: 0 })
  }, [isChanged])
  const operations = [{ operation: 'putPolicyDocument' as const, input: { ...path, ...draft } }]
  const usual = policy?.compatibility === 'aws' ? awsDefaults : strictDefaults
  const mine = { locale, resourceType, ...usual, requiredTags: [], ...bodyOf(draft) } as Document
  return (
    <Page
      title={`${resourceType} in ${locale}`}
      description={
        <>
          {base.document ? 'A document of ' : 'A new document of '}
          <Link to={`/policies/${policyId}`}>{policy?.name ?? policyId}</Link>
          {policy ? `, of which version ${policy.version} is in force` : null}
        </>
      }
      actions={
        <Acts
          of={draft}
          acts={[
            ...changeActs(operations, 'problem' in read ? read.problem : undefined, navigate),
            {
              id: 'draft',
              act: 'Draft a version',
              title: 'Draft a version that is not in force',
              says: 'Make it the candidate where the policy is enabled: then it is asked on every request beside the version in force, and never acts.',
              done: 'The version is drafted. Make it a candidate where the policy is enabled.',
              reason: 'problem' in read ? read.problem : undefined,
              async call() {
                const { items } = await queries.fetchQuery(documentsOf(policyId))
                const others = items.filter((one) => one.locale !== locale || one.resourceType !== resourceType)
                const body = { documents: [...others, { locale, resourceType, ...draft }] } as never
                const { version } = await answer(
                  api.POST('/policies/{policyId}/versions', { params: { path: { policyId } }, body }),
                )
                await navigate(`/policies/${policyId}/versions?from=${policy?.version ?? 1}&to=${version}`)
              },
            },
            {
              id: 'delete',
              act: 'Delete',
              title: 'Delete this document',
              says: 'The policy says nothing more of this locale and type. Its earlier versions are kept.',
              done: 'The document is deleted.',
              reason: base.document ? reasonIn(preview.error) : 'It is not saved yet.',
              async call() {
                await answer(
                  api.DELETE('/policies/{policyId}/documents/{locale}/{resourceType}', {
                    params: { path, header: { 'if-match': base.etag! } },
                  }),
                )
                await navigate(`/policies/${policyId}`)
              },
            },
          ]}
        />
      }
      commands={commandsFor(place)}
      requests={[`/policies/${policyId}/documents/${encodeURIComponent(locale)}/${encodeURIComponent(resourceType)}`]}
    >
      {isChanged ? (
        <Alert
          type="warning"
          header="Somebody else has changed this document meanwhile"
          action={
            <SpaceBetween size="xs" direction="horizontal">
              <Button onClick={() => setBase(latest)}>Keep mine</Button>
              <Button
                onClick={() => {
                  setBase(latest)
                  setText(textOf(latest.document ? draftOf(latest.document) : emptyDraft))
                }}
              >
                Take theirs
              </Button>
            </SpaceBetween>
          }
        >
          Nothing is overwritten. With “Keep mine” what you wrote replaces theirs once you save it.
        </Alert>
      ) : null}
      {isChanged ? (
        <Differences
          title="What they changed"
          rows={differencesOf(place, { from: base.document, to: latest.document }, nameOf)}
          from="When you began"
          to="Now"
          empty="Nothing that it says."
        />
      ) : null}
      <Grid gridDefinition={[{ colspan: { default: 12, m: 6 } }, { colspan: { default: 12, m: 6 } }]}>
        <Container header={<Header variant="h2">The document</Header>}>
          <Form
            form={form}
            act="Save"
            reason={reasonIn(preview.error)}
            cancel={() => void navigate(`/policies/${policyId}`)}
          >
            <DocumentFields draft={draft} change={setDraft} wrong={wrong} />
          </Form>
        </Container>
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">The same as text</Header>}>
            <FormField
              label="Document as JSON"
              errorText={'problem' in read ? read.problem : field === undefined ? undefined : refused!.message}
              stretch
            >
              <Textarea
                rows={Math.min(Math.max(text.split('\n').length + 1, textRowsMin), textRowsMost)}
                spellcheck={false}
                value={text}
                onChange={({ detail }) => setText(detail.value)}
              />
            </FormField>
          </Container>
          <Preview
            of={preview.data}
            error={preview.error}
            isLoading={preview.isFetching}
            first="Add a pool."
            can={`It can be saved, as version ${preview.data?.version ?? ''}.`}
            policyId={policyId}
          />
        </SpaceBetween>
      </Grid>
      {base.document && !isChanged ? (
        <Differences
          title="What you changed"
          rows={differencesOf(place, { from: base.document, to: mine }, nameOf)}
          from="In force"
          to="Here"
          empty="Nothing so far."
        />
      ) : null}
    </Page>
  )
}
/** What settings have that a document does not say. */
const strictDefaults = { onExplicit: 'deny', onExhausted: 'deny' }
const awsDefaults = { onExplicit: 'allow', onExhausted: 'provider' }
const textRowsMin = 8
const textRowsMost = 24
