// Takes space for somebody: what is asked, and what policy answers. Where from stands in the address of the page.
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import ColumnLayout from '@cloudscape-design/components/column-layout'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { parseCidr } from '../../../../src/model/cidr.ts'
import { answer, api, type Schemas } from '../../api/client.ts'
import { flagsOf, nodes, searchParamsOf } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { resourceTypes } from '../../api/resource-types.ts'
import { ChoiceField, Form, needed, TextField, useForm } from '../../parts/form.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { checkTags, tagsIn } from '../../parts/tags.ts'
import { Account, Cidr } from '../../parts/words.tsx'
import { Denied, denialIn } from './denied.tsx'
import { onePool } from './pool-queries.ts'

export const loader = ({ request }: { request: Request }): Promise<null> => {
  const poolId = searchParamsOf(request).get('poolId')
  return load(nodes, resourceTypes, ...(poolId === null ? [] : [onePool(poolId)]))
}

interface Values {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly cidr: string
  readonly netmaskLength: string
  readonly name: string
  readonly tags: string
}
const isLength = (text: string): boolean => /^\d{1,3}$/.test(text) && Number(text) <= 128

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const poolId = params.get('poolId') ?? undefined
  const { data: pool, error } = useQuery({ ...onePool(poolId ?? ''), enabled: poolId !== undefined })
  return error || (poolId !== undefined && !pool) ? (
    <Page title="Allocate" commands={['cadastre allocation create']} requests={[]}>
      {error ? <Wrong error={error} /> : null}
    </Page>
  ) : (
    <Allocate key={`${poolId} ${params.get('cidr')}`} pool={pool} cidr={params.get('cidr') ?? ''} />
  )
}

const bodyOf = (
  { cidr, netmaskLength, name, tags, ...asked }: Values,
  pool: Schemas['Pool'] | undefined,
): Schemas['AllocationParams'] => ({
  ...asked,
  ...(pool === undefined ? {} : { poolId: pool.poolId }),
  ...(cidr.trim() === '' ? {} : { cidr: cidr.trim() }),
  ...(netmaskLength === '' ? {} : { netmaskLength: Number(netmaskLength) }),
  ...(name.trim() === '' ? {} : { name: name.trim() }),
  ...(tags.trim() === '' ? {} : { tags: tagsIn(tags) }),
})

function Allocate({ pool, cidr }: { pool: Schemas['Pool'] | undefined; cidr: string }): ReactNode {
  const navigate = useNavigate()
  const nameOf = useNodeNames()
  const [given, setGiven] = useState<Schemas['Allocation'] | undefined>()
  const { data: tree } = useQuery(nodes)
  const { data: known } = useQuery(resourceTypes)
  const form = useForm({
    initial: {
      ...{ account: '', resourceType: '', locale: pool?.locale ?? '', cidr, netmaskLength: '', name: '' },
      tags: Object.entries(pool?.requiredTags ?? {})
        .map(([key, value]) => `${key}=${value}`)
        .join('\n'),
    } as Values,
    checks: {
      account: needed('Choose whose it is to be.'),
      resourceType: needed('Choose what it is for.'),
      locale: needed('Say where it is used, such as eu-central-1.'),
      cidr: (text, { netmaskLength }) =>
        text.trim() !== '' && netmaskLength !== ''
          ? 'Either exactly this CIDR or a prefix length, not both.'
          : undefined,
      netmaskLength: (text) => (text === '' || isLength(text) ? undefined : 'A number such as 24.'),
      tags: checkTags,
    },
    call: (values) => answer(api.POST('/allocations', { body: bodyOf(values, pool) })),
    done: 'The space is allocated.',
    after: setGiven,
  })
  const accounts = (tree?.items ?? [])
    .filter(({ kind }) => kind === 'account')
    .map(({ nodeId, name }) => ({ value: nodeId, label: name ?? nodeId, description: nodeId }))
  const types = (known?.items ?? [])
    .filter(({ scopeTypes }) => pool === undefined || scopeTypes.includes(pool.scopeType))
    .map(({ resourceType, summary }) => ({ value: resourceType, label: resourceType, description: summary }))
  const { account, resourceType, locale, ...others } = form.values
  const flags = {
    ...{ account: account || 'ACCOUNT', resourceType: resourceType || 'TYPE', locale: locale || 'LOCALE' },
    ...(pool === undefined ? {} : { poolId: pool.poolId }),
    ...Object.fromEntries(Object.entries(others).filter(([name, value]) => name !== 'tags' && value !== '')),
  }
  const denial = denialIn(form.error)
  const from = pool === undefined ? undefined : (pool.name ?? pool.poolId)
  return (
    <Page
      title={from === undefined ? 'Allocate' : `Allocate from ${from}`}
      description="Policy answers at once: given, or denied with the reason and the way to comply."
      commands={[`cadastre allocation create${flagsOf(flags)}`]}
      requests={[]}
    >
      {given === undefined ? null : (
        <Alert
          type="success"
          header={
            <>
              Given: <Cidr>{given.cidr}</Cidr>
            </>
          }
          action={
            pool === undefined ? undefined : (
              <Button onClick={() => void navigate(`/pools/${pool.poolId}`)}>Back to the pool</Button>
            )
          }
        >
          It is of <Account id={given.account} name={nameOf(given.account)} />
          {given.decisionId === undefined ? (
            '.'
          ) : (
            <>
              , by <Link to={`/decisions/${given.decisionId}`}>this decision</Link>.
            </>
          )}
        </Alert>
      )}
      <Container header={<Header variant="h2">The request</Header>}>
        <Form form={{ ...form, error: denial ? null : form.error }} act="Allocate" cancel={() => void navigate(-1)}>
          <ColumnLayout columns={3}>
            <ChoiceField
              form={form}
              name="account"
              label="Account"
              placeholder="Choose an account"
              options={accounts}
            />
            <ChoiceField form={form} name="resourceType" label="Type" placeholder="Choose a type" options={types} />
            {pool?.locale === undefined ? (
              <TextField form={form} name="locale" label="Locale" placeholder="eu-central-1" />
            ) : (
              <ChoiceField
                form={form}
                name="locale"
                label="Locale"
                options={[{ value: pool.locale, label: pool.locale, description: 'That of the pool' }]}
              />
            )}
            <TextField
              form={form}
              name="cidr"
              label="Exactly this CIDR"
              hint="Empty: the first that is free."
              placeholder={parseCidr(cidr) ? cidr : '10.1.2.0/24'}
              isOptional
            />
            <TextField
              form={form}
              name="netmaskLength"
              label="Prefix length"
              hint={`Empty: ${pool?.defaultNetmaskLength === undefined ? 'what policy or the pool says' : `/${pool.defaultNetmaskLength}`}.`}
              type="number"
              isOptional
            />
            <TextField form={form} name="name" label="Name" hint="Shown beside its id." isOptional />
          </ColumnLayout>
          <TextField form={form} name="tags" label="Tags" hint="KEY=VALUE, one on each line." lines={3} isOptional />
        </Form>
      </Container>
      {denial ? <Denied denial={denial} /> : null}
    </Page>
  )
}
