// Makes a pool, with its space at once: below another one, or at the top of a scope.
import ColumnLayout from '@cloudscape-design/components/column-layout'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useRef } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { flagsOf, nodes, scopes, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { ChoiceField, Form, needed, TextField, useForm } from '../../parts/form.tsx'
import { Page, Wrong } from '../../parts/page.tsx'
import { onePool } from './pool-queries.ts'

export const loader = ({ request }: { request: Request }): Promise<null> => {
  const parent = searchParamsOf(request).get('parentPoolId')
  return load(nodes, scopes, ...(parent === null ? [] : [onePool(parent)]))
}

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const parentId = params.get('parentPoolId') ?? undefined
  const { data: parent, error } = useQuery({ ...onePool(parentId ?? ''), enabled: parentId !== undefined })
  return error || (parentId !== undefined && !parent) ? (
    <Page title="Make a pool" commands={['cadastre pool create']} requests={[]}>
      {error ? <Wrong error={error} /> : null}
    </Page>
  ) : (
    <MakePool key={`${parentId} ${params.get('cidr')}`} parent={parent} cidr={params.get('cidr') ?? ''} />
  )
}

const lengths = ['minNetmaskLength', 'defaultNetmaskLength', 'maxNetmaskLength'] as const
const checkLength = (text: string): string | undefined =>
  text === '' || (/^\d{1,3}$/.test(text) && Number(text) <= 128) ? undefined : 'A number such as 24.'

function MakePool({ parent, cidr }: { parent: Schemas['Pool'] | undefined; cidr: string }): ReactNode {
  const navigate = useNavigate()
  const { data: known } = useQuery(scopes)
  const { data: tree } = useQuery(nodes)
  /** Made already, where only its space was refused: it is not made twice. */
  const made = useRef<string | undefined>(undefined)
  const scopeOptions = (known?.items ?? []).map(({ scopeId, name, isDefault, scopeType }) => ({
    value: scopeId,
    label: name ?? `${isDefault ? 'default ' : ''}${scopeType}`,
    description: scopeId,
  }))
  const form = useForm({
    initial: {
      name: '',
      scopeId: parent?.scopeId ?? (scopeOptions.length === 1 ? scopeOptions[0]!.value : ''),
      family: parent?.family ?? 'ipv4',
      locale: parent?.locale ?? '',
      cidr,
      ...{ minNetmaskLength: '', defaultNetmaskLength: '', maxNetmaskLength: '', sharedWith: '', description: '' },
    },
    checks: {
      name: needed('Say what it is called.'),
      scopeId: needed('Choose a scope.'),
      minNetmaskLength: checkLength,
      defaultNetmaskLength: checkLength,
      maxNetmaskLength: checkLength,
    },
    fieldOf: (member) => (member === 'netmaskLength' ? 'cidr' : undefined),
    async call(values) {
      const { cidr: space, ...rest } = values
      made.current ??= (await answer(api.POST('/pools', { body: bodyOf(rest, parent) }))).poolId
      const poolId = made.current
      if (space.trim() !== '')
        await answer(api.POST('/pools/{poolId}/cidrs', { params: { path: { poolId } }, body: { cidr: space.trim() } }))
      return poolId
    },
    done: 'The pool is made.',
    after: (poolId) => void navigate(`/pools/${poolId}`),
  })
  const { values } = form
  const flags = {
    ...{ scopeId: values.scopeId || 'SCOPE', family: values.family, name: values.name || 'NAME' },
    ...(parent === undefined ? {} : { parentPoolId: parent.poolId }),
    ...(values.locale === '' ? {} : { locale: values.locale }),
  }
  const sharing = (tree?.items ?? []).map(({ nodeId, name, kind }) => ({
    value: nodeId,
    label: name ?? nodeId,
    description: `${kind} ${nodeId}`,
  }))
  return (
    <Page
      title={parent === undefined ? 'Make a pool' : `Make a pool in ${parent.name ?? parent.poolId}`}
      description={
        parent === undefined
          ? 'At the top of a scope: its space is nobody else’s there.'
          : 'Its space is taken from the pool above, and handed out by its own rules.'
      }
      commands={[
        `cadastre pool create${flagsOf(flags)}`,
        `cadastre pool-cidr create${flagsOf({ poolId: 'POOL', cidr: values.cidr || 'CIDR' })}`,
      ]}
      requests={[]}
    >
      <Container header={<Header variant="h2">The pool</Header>}>
        <Form form={form} act="Make the pool" cancel={() => void navigate(-1)}>
          <ColumnLayout columns={3}>
            <TextField form={form} name="name" label="Name" isFirst />
            <TextField
              form={form}
              name="cidr"
              label="Its space"
              hint="A CIDR. Empty: it gets none yet."
              placeholder="10.0.0.0/16"
              isOptional
            />
            <TextField
              form={form}
              name="locale"
              label="Locale"
              hint="Where its space may be used. Empty: it only holds space of pools below."
              placeholder="eu-central-1"
              isOptional
            />
            {parent === undefined ? (
              <>
                <ChoiceField form={form} name="scopeId" label="Scope" options={scopeOptions} />
                <ChoiceField
                  form={form}
                  name="family"
                  label="Family"
                  options={[
                    { value: 'ipv4', label: 'IPv4' },
                    { value: 'ipv6', label: 'IPv6' },
                  ]}
                />
              </>
            ) : null}
            <ChoiceField
              form={form}
              name="sharedWith"
              label="Shared with"
              hint="Who may take from it, besides its owner."
              placeholder="Nobody else"
              options={sharing}
              isOptional
            />
            <TextField
              form={form}
              name="minNetmaskLength"
              label="Shortest prefix"
              hint="The largest block that it gives."
              type="number"
              isOptional
            />
            <TextField
              form={form}
              name="defaultNetmaskLength"
              label="Usual prefix"
              hint="Where nobody says a size."
              type="number"
              isOptional
            />
            <TextField
              form={form}
              name="maxNetmaskLength"
              label="Longest prefix"
              hint="The smallest block that it gives."
              type="number"
              isOptional
            />
          </ColumnLayout>
          <TextField form={form} name="description" label="Description" lines={2} isOptional />
        </Form>
      </Container>
    </Page>
  )
}

interface Asked {
  readonly name: string
  readonly scopeId: string
  readonly family: string
  readonly locale: string
  readonly sharedWith: string
  readonly description: string
  readonly minNetmaskLength: string
  readonly defaultNetmaskLength: string
  readonly maxNetmaskLength: string
}
const bodyOf = (asked: Asked, parent: Schemas['Pool'] | undefined): Schemas['CreatePoolRequest'] => ({
  name: asked.name.trim(),
  scopeId: parent?.scopeId ?? asked.scopeId,
  family: asked.family as 'ipv4' | 'ipv6',
  ...(parent === undefined ? {} : { parentPoolId: parent.poolId }),
  ...(asked.locale.trim() === '' ? {} : { locale: asked.locale.trim() }),
  ...(asked.sharedWith === '' ? {} : { sharedWith: [asked.sharedWith] }),
  ...(asked.description.trim() === '' ? {} : { description: asked.description.trim() }),
  ...Object.fromEntries(lengths.filter((name) => asked[name] !== '').map((name) => [name, Number(asked[name])])),
})
