// Try it: what a request would get, and why, without asking for anything. What is tried is in the address of the page.
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import FormField from '@cloudscape-design/components/form-field'
import Grid from '@cloudscape-design/components/grid'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { nodes, pools } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { resourceTypes } from '../../api/resource-types.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Explained } from './explained.tsx'

export const loader = (): Promise<null> => load(nodes, resourceTypes, pools)

interface Asked {
  readonly account: string
  readonly resourceType: string
  readonly locale: string
  readonly netmaskLength: string
  readonly poolId: string
}
const names = ['account', 'resourceType', 'locale', 'netmaskLength', 'poolId'] as const
const askedIn = (params: URLSearchParams): Asked =>
  Object.fromEntries(names.map((name) => [name, params.get(name) ?? ''])) as unknown as Asked
const isWhole = ({ account, resourceType, locale }: Asked): boolean =>
  account !== '' && resourceType !== '' && locale !== ''
const bodyOf = ({ account, resourceType, locale, netmaskLength, poolId }: Asked): Schemas['ExplainRequestRequest'] => ({
  account,
  resourceType,
  locale,
  ...(netmaskLength === '' ? {} : { netmaskLength: Number(netmaskLength) }),
  ...(poolId === '' ? {} : { poolId }),
})

export function Component(): ReactNode {
  const [params, setParams] = useSearchParams()
  const asked = askedIn(params)
  const [draft, setDraft] = useState(asked)
  const [isTried, setTried] = useState(false)
  const { data: tree } = useQuery(nodes)
  const { data: known } = useQuery(resourceTypes)
  const { data, error, isFetching } = useQuery({
    ...ask(['try', asked], (signal) => api.POST('/explanations', { body: bodyOf(asked), signal })),
    enabled: isWhole(asked),
  })
  const accounts = (tree?.items ?? [])
    .filter(({ kind }) => kind === 'account')
    .map(({ nodeId, name }) => ({ value: nodeId, label: name ?? nodeId, description: nodeId }))
  const kinds = (known?.items ?? []).map(({ resourceType, summary }) => ({
    value: resourceType,
    label: resourceType,
    description: summary,
  }))
  const set = (name: keyof Asked, value: string): void => setDraft({ ...draft, [name]: value })
  const need = (name: keyof Asked, text: string): string | undefined =>
    isTried && draft[name] === '' ? text : undefined
  return (
    <Page
      title="Try it"
      description="What a request would get now, and why. Nothing is asked for and nothing is kept."
      commands={[
        `cadastre explain request --account ${asked.account || 'ACCOUNT'} --resource-type ${asked.resourceType || 'TYPE'} --locale ${asked.locale || 'LOCALE'}`,
      ]}
      requests={[]}
    >
      <Container header={<Header variant="h2">A request</Header>}>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            setTried(true)
            if (isWhole(draft)) setParams(Object.entries(draft).filter(([, value]) => value !== ''))
          }}
        >
          <SpaceBetween size="m">
            <Grid
              gridDefinition={[
                { colspan: { default: 12, s: 4 } },
                { colspan: { default: 12, s: 4 } },
                { colspan: { default: 12, s: 4 } },
              ]}
            >
              <FormField label="Account" errorText={need('account', 'Choose an account.')}>
                <Select
                  filteringType="auto"
                  placeholder="Choose an account"
                  options={accounts}
                  selectedOption={accounts.find(({ value }) => value === draft.account) ?? null}
                  onChange={({ detail }) => set('account', detail.selectedOption.value ?? '')}
                />
              </FormField>
              <FormField label="Resource type" errorText={need('resourceType', 'Choose a type.')}>
                <Select
                  filteringType="auto"
                  placeholder="Choose a type"
                  options={kinds}
                  selectedOption={kinds.find(({ value }) => value === draft.resourceType) ?? null}
                  onChange={({ detail }) => set('resourceType', detail.selectedOption.value ?? '')}
                />
              </FormField>
              <FormField label="Locale" errorText={need('locale', 'Say a locale.')}>
                <Input
                  value={draft.locale}
                  placeholder="eu-central-1"
                  onChange={({ detail }) => set('locale', detail.value)}
                />
              </FormField>
            </Grid>
            <Grid gridDefinition={[{ colspan: { default: 12, s: 4 } }, { colspan: { default: 12, s: 8 } }]}>
              <FormField
                label={
                  <>
                    Prefix length <i>– optional</i>
                  </>
                }
              >
                <Input
                  type="number"
                  value={draft.netmaskLength}
                  onChange={({ detail }) => set('netmaskLength', detail.value)}
                />
              </FormField>
              <FormField
                label={
                  <>
                    Pool, by id or name <i>– optional</i>
                  </>
                }
              >
                <Input value={draft.poolId} onChange={({ detail }) => set('poolId', detail.value)} />
              </FormField>
            </Grid>
            <Button variant="primary" formAction="submit" loading={isFetching}>
              Try
            </Button>
          </SpaceBetween>
        </form>
      </Container>
      {error && isWhole(asked) ? <Wrong error={error} /> : null}
      {data ? <Explained of={data} /> : null}
    </Page>
  )
}
