// Where a policy is enabled, as what and in which mode; and what that would do, before it is done.
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Grid from '@cloudscape-design/components/grid'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { answer, api, type Schemas, Trouble } from '../../api/client.ts'
import { assignmentList, nodes } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { Acts } from '../../parts/acts.tsx'
import { changeActs } from '../../parts/change-acts.ts'
import { ChoiceField, Form, needed, useForm } from '../../parts/form.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { askedIn, Preview, reasonIn, useQuiet } from './preview.tsx'
import { assignedOf, documentsOf, policyOf } from './reads.ts'

export const loader = ({ params: { policyId } }: { params: { policyId?: string } }): Promise<null> =>
  load(policyOf(policyId!), assignedOf(policyId!), documentsOf(policyId!), nodes)

const modes = [
  { value: 'observe', label: 'observe', description: 'Only records what it would have done.' },
  { value: 'warn', label: 'warn', description: 'Serves the request, and tells whoever asked.' },
  { value: 'enforce', label: 'enforce', description: 'Denies and steers.' },
  { value: 'off', label: 'off', description: 'Is not looked at.' },
] as const
const kinds = [
  { value: 'default', label: 'default', description: 'The nearest one gives the pools.' },
  { value: 'final', label: 'final', description: 'Narrows everything below, and nothing below widens it.' },
] as const
type Mode = (typeof modes)[number]['value']
type Kind = (typeof kinds)[number]['value']

export function Component(): ReactNode {
  const policyId = useParams().policyId!
  const [params] = useSearchParams()
  const { data } = useQuery(assignedOf(policyId))
  const targetId = params.get('targetId') ?? ''
  const standing = data?.items.find((one) => one.targetId === targetId)
  // What is typed is of one state: another one begins anew.
  return <Assign key={`${targetId} ${standing?.mode}`} policyId={policyId} targetId={targetId} standing={standing} />
}

function Assign({
  policyId,
  targetId,
  standing,
}: {
  policyId: string
  targetId: string
  standing: Schemas['PolicyAssignment'] | undefined
}): ReactNode {
  const navigate = useNavigate()
  const nameOf = useNodeNames()
  const [params, setParams] = useSearchParams()
  const { data: policy } = useQuery(policyOf(policyId))
  const { data: documents } = useQuery(documentsOf(policyId))
  const { data: tree } = useQuery(nodes)
  const form = useForm({
    initial: {
      targetId,
      kind: (standing?.kind ?? 'default') as string,
      mode: (standing?.mode ?? 'observe') as string,
      replaces: '',
    },
    checks: { targetId: needed('Choose where.') },
    async call(values) {
      const path = { policyId, targetId: values.targetId }
      const { header } = await stateOf(path, standing)
      return answer(
        api.PUT('/policies/{policyId}/assignments/{targetId}', {
          params: { path, ...(header === undefined ? {} : { header }) },
          ...(header === undefined ? { headers: { 'if-none-match': '*' } } : {}),
          body: changeIn(values),
        }),
      )
    },
    done: 'The policy is enabled there.',
    after: () => void navigate(`/policies/${policyId}`),
  })
  const { values } = form
  const pairs = (documents?.items ?? []).map(({ locale, resourceType }) => ({ locale, resourceType }))
  const pair =
    pairs.find((one) => one.locale === params.get('locale') && one.resourceType === params.get('resourceType')) ??
    pairs[0]
  const request = askedIn(params)
  const asked = useQuiet(
    JSON.stringify([values.targetId, { ...changeIn(values), ...(request && pair ? { ...pair, request } : {}) }]),
  )
  const [askedTarget, body] = JSON.parse(asked) as [string, Schemas['PreviewPolicyAssignmentRequest']]
  const preview = useQuery({
    ...ask(['preview', policyId, asked], (signal) =>
      api.POST('/policies/{policyId}/assignments/{targetId}/preview', {
        params: { path: { policyId, targetId: askedTarget } },
        body,
        signal,
      }),
    ),
    enabled: askedTarget !== '',
    placeholderData: keepPreviousData,
    retry: false,
  })
  const others = useQuery({
    ...assignmentList(new URLSearchParams({ targetId: values.targetId })),
    enabled: values.targetId !== '' && preview.error instanceof Trouble && preview.error.code === 'IncorrectState',
  })
  const inTheWay = (others.data?.items ?? []).filter(
    (one) => one.policyId !== policyId && one.kind === 'default' && values.kind === 'default',
  )

  const where = nameOf(values.targetId) ?? values.targetId
  return (
    <Page
      title={standing ? `${policy?.name ?? policyId} on ${where}` : `Enable ${policy?.name ?? policyId}`}
      description={<Link to={`/policies/${policyId}`}>{policyId}</Link>}
      actions={
        <Acts
          of={values}
          acts={[
            ...changeActs(
              [
                {
                  operation: 'putPolicyAssignment',
                  input: { policyId, targetId: values.targetId, ...changeIn(values) },
                },
              ],
              values.targetId === '' ? 'Choose where.' : undefined,
              navigate,
            ),
            {
              id: 'off',
              act: 'Take it off',
              reason: standing ? reasonIn(preview.error) : 'It is not enabled there.',
              title: `Take the policy off ${where}`,
              says: 'It does not act there any more. What was hidden behind it counts again.',
              done: 'The policy is taken off.',
              async call() {
                const path = { policyId, targetId }
                const { header } = await stateOf(path, standing)
                await answer(
                  api.DELETE('/policies/{policyId}/assignments/{targetId}', {
                    params: { path, ...(header === undefined ? {} : { header }) },
                  }),
                )
                await navigate(`/policies/${policyId}`)
              },
            },
          ]}
        />
      }
      commands={[
        `cadastre assignment preview ${policyId} ${values.targetId || 'TARGET'} --kind ${values.kind} --mode ${values.mode}`,
        `cadastre assignment put ${policyId} ${values.targetId || 'TARGET'} --kind ${values.kind} --mode ${values.mode}`,
      ]}
      requests={[`/policies/${policyId}/assignments/${values.targetId || 'TARGET'}`]}
    >
      <Grid gridDefinition={[{ colspan: { default: 12, m: 6 } }, { colspan: { default: 12, m: 6 } }]}>
        <Container>
          <Form
            form={form}
            act={standing ? 'Save' : 'Enable it'}
            reason={reasonIn(preview.error)}
            cancel={() => void navigate(`/policies/${policyId}`)}
          >
            <ChoiceField
              form={form}
              name="targetId"
              label="Where"
              hint="The root, a unit with all below it, or an account."
              options={(tree?.items ?? []).map(({ nodeId, name, kind }) => ({
                value: nodeId,
                label: name ?? nodeId,
                description: `${kind.replace('organizational-', '')}, ${nodeId}`,
              }))}
            />
            <ChoiceField form={form} name="mode" label="Mode" options={modes} />
            <ChoiceField form={form} name="kind" label="As" options={kinds} />
            {inTheWay.length === 0 ? null : (
              <ChoiceField
                form={form}
                name="replaces"
                label="In place of"
                hint="A target has one default policy: the one there gives way, in the same step."
                isOptional
                options={inTheWay.map((one) => ({ value: one.policyId, label: one.policyId, description: one.mode }))}
              />
            )}
          </Form>
        </Container>
        <SpaceBetween size="l">
          {pairs.length === 0 ? null : (
            <FormField label="For a request of">
              <Select
                selectedOption={pair ? optionOf(pair) : null}
                options={pairs.map(optionOf)}
                onChange={({ detail }) =>
                  setParams(
                    (before) => {
                      const [resourceType, locale] = detail.selectedOption.value!.split(' in ')
                      return new URLSearchParams([
                        ...[...before].filter(([name]) => name !== 'locale' && name !== 'resourceType'),
                        ['locale', locale!],
                        ['resourceType', resourceType!],
                      ])
                    },
                    { replace: true },
                  )
                }
              />
            </FormField>
          )}
          <Preview
            of={preview.data}
            error={preview.error}
            isLoading={preview.isFetching}
            first="Choose where."
            can={standing ? 'It can be changed like that.' : 'It can be enabled there.'}
            policyId={policyId}
          />
        </SpaceBetween>
      </Grid>
    </Page>
  )
}

const optionOf = ({ locale, resourceType }: { locale: string; resourceType: string }) => {
  const text = `${resourceType} in ${locale}`
  return { value: text, label: text }
}
const changeIn = ({ kind, mode, replaces }: { kind: string; mode: string; replaces: string }) => ({
  kind: kind as Kind,
  mode: mode as Mode,
  ...(replaces === '' ? {} : { replaces }),
})

/** What names the state that this began from: refused where the assignment is another one by now. */
async function stateOf(
  path: { policyId: string; targetId: string },
  standing: Schemas['PolicyAssignment'] | undefined,
): Promise<{ header?: { 'if-match': string } }> {
  // Of the list, where it is no fault that there is none.
  const { items } = await answer(api.GET('/assignments', { params: { query: path } }))
  if (items.length === 0) return {}
  const read = await api.GET('/policies/{policyId}/assignments/{targetId}', { params: { path } })
  const now = await answer(Promise.resolve(read))
  if (standing?.targetId === now.targetId && (standing.mode !== now.mode || standing.kind !== now.kind))
    throw new Error(`Somebody else has changed it meanwhile: it is ${now.kind}, and its mode is ${now.mode}.`)
  if (standing?.targetId !== now.targetId)
    throw new Error(`It is enabled there already, as ${now.kind}, and its mode is ${now.mode}: change that instead.`)
  const etag = read.response.headers.get('etag')
  return etag === null ? {} : { header: { 'if-match': etag } }
}
