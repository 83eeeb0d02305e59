// Search takes anything: an address or block goes straight to its page, all else is looked up by id, name, account and tag.
import Box from '@cloudscape-design/components/box'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, redirect, useNavigate, useSearchParams } from 'react-router'
import { api } from '../api/client.ts'
import { nodes, searchParamsOf } from '../api/lists.ts'
import { ask, load, queries } from '../api/queries.ts'
import { useNodeNames } from '../parts/names.ts'
import { Page, Wrong } from '../parts/page.tsx'
import { Account, Cidr, Said } from '../parts/words.tsx'
import { rangeIn } from './addresses/asked.ts'

export const found = (q: string) => ask(['find', q], (signal) => api.GET('/find', { params: { query: { q } }, signal }))

export async function loader({ request }: { request: Request }): Promise<null | Response> {
  const q = searchParamsOf(request).get('q') ?? ''
  if (q === '') return null
  if (rangeIn(q)) return redirect(`/address?cidr=${encodeURIComponent(q)}`)
  const [data] = await Promise.all([queries.ensureQueryData(found(q)).catch(() => undefined), load(nodes)])
  const first = data?.places[0]
  if (first && data?.objects.length === 0) return redirect(`/address?cidr=${encodeURIComponent(q)}`)
  return null
}

/** Where an object has its page: of all others their page is the answer of a search. */
const pages: Readonly<Record<string, (id: string) => string>> = {
  pool: (id) => `/pools/${id}`,
  policy: (id) => `/policies/${id}`,
  decision: (id) => `/decisions/${id}`,
  exception: (id) => `/exceptions/${id}`,
  'change-request': (id) => `/change-requests/${id}`,
  account: (id) => `/account?id=${id}`,
}

export function Component(): ReactNode {
  const q = useSearchParams()[0].get('q') ?? ''
  const { data, error } = useQuery({ ...found(q), enabled: q !== '' })
  const navigate = useNavigate()
  const [sought, setSought] = useState(q)
  const nameOf = useNodeNames()
  return (
    <Page
      title={q === '' ? 'Search' : `Search: ${q}`}
      commands={[`cadastre find '${q.replaceAll("'", `'\\''`)}'`]}
      requests={[`/find?q=${encodeURIComponent(q)}`]}
    >
      <form
        onSubmit={(event) => {
          event.preventDefault()
          if (sought.trim() !== '') void navigate(`/search?q=${encodeURIComponent(sought.trim())}`)
        }}
      >
        <Input
          type="search"
          value={sought}
          onChange={({ detail }) => setSought(detail.value)}
          placeholder="Address, CIDR, name, id or tag"
          ariaLabel="What is sought"
          clearAriaLabel="Clear"
          autoFocus={q === ''}
        />
      </form>
      {error ? <Wrong error={error} /> : null}
      {data?.objects.map(({ kind, items, hasMore }) => (
        <Container
          key={kind}
          header={
            <Header variant="h2" counter={`(${items.length}${hasMore ? '+' : ''})`}>
              {kind}
            </Header>
          }
        >
          {items.map((one) => {
            const to = pages[one.kind]?.(one.id)
            const name = <Said>{one.name ?? one.id}</Said>
            return (
              <Box key={one.id} padding={{ bottom: 'xs' }}>
                {to === undefined ? name : <Link to={to}>{name}</Link>}{' '}
                <Box variant="span" color="text-body-secondary">
                  {one.id}
                </Box>
                {one.cidr === undefined ? null : (
                  <>
                    {' '}
                    <Cidr>{one.cidr}</Cidr>
                  </>
                )}
                {one.account === undefined || one.kind === 'account' ? null : (
                  <>
                    {' '}
                    of <Account id={one.account} name={nameOf(one.account)} />
                  </>
                )}
              </Box>
            )
          })}
        </Container>
      ))}
      {data?.places.length ? (
        <Container header={<Header variant="h2">Addresses</Header>}>
          <Link to={`/address?cidr=${encodeURIComponent(q)}`}>{q}</Link>
        </Container>
      ) : null}
      {data && data.places.length + data.objects.length === 0 ? (
        <p>
          Nothing is called <Said>{q}</Said>, has this id or lies there, as far as you may see. Names and ids are sought
          whole: their beginning finds nothing.
        </p>
      ) : null}
    </Page>
  )
}
