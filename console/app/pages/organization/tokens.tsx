// Tokens and sessions: each can be ended at once.
import Button from '@cloudscape-design/components/button'
import { type ReactNode, useState } from 'react'
import { useSearchParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { flagsOf, pathOf, searchParamsOf, taken, tokenList } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { useAct } from '../../parts/act.ts'
import { said, word } from '../../parts/columns.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { Page } from '../../parts/page.tsx'
import { Moment, momentText, Said } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> => load(tokenList(searchParamsOf(request)))

type Row = Schemas['Token']

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const [ending, setEnding] = useState<Row | undefined>()
  const query = taken(params, 'principal')
  const columns: readonly Column<Row>[] = [
    said('principal', 'Who', 180, (row) => row.principal),
    said('description', 'Description', 160, (row) => row.description),
    word('origin', 'Made by', 110, (row) => row.origin),
    {
      id: 'created',
      header: 'Made',
      width: 170,
      cell: (row) => <Moment at={row.createdAt} />,
      text: (row) => momentText(row.createdAt),
    },
    {
      id: 'expires',
      header: 'Ends',
      width: 170,
      cell: (row) => <Moment at={row.revokedAt ?? row.expiresAt} />,
      text: (row) => momentText(row.revokedAt ?? row.expiresAt),
    },
    {
      id: 'end',
      header: 'End it',
      width: 110,
      cell: (row) => (
        <Button
          disabled={row.revokedAt !== undefined}
          disabledReason="It has ended."
          wrapText={false}
          ariaLabel={`End ${row.tokenId}`}
          onClick={() => setEnding(row)}
        >
          End
        </Button>
      ),
      text: () => '',
    },
  ]
  return (
    <Page
      title="Tokens and sessions"
      description="What was made with a token ends with it."
      commands={[`cadastre token list${flagsOf(query)}`, 'cadastre token revoke TOKEN_ID']}
      requests={[pathOf('/tokens', query)]}
    >
      <List
        title="Tokens"
        query={tokenList(params)}
        columns={columns}
        keyOf={(row) => row.tokenId}
        filters={[{ name: 'principal', label: 'Who' }]}
        empty="There is none."
      />
      {ending === undefined ? null : <End token={ending} close={() => setEnding(undefined)} />}
    </Page>
  )
}

function End({ token: { tokenId, principal }, close }: { token: Row; close: () => void }): ReactNode {
  const act = useAct<void, unknown>(
    () => answer(api.DELETE('/tokens/{tokenId}', { params: { path: { tokenId } } })),
    'It has ended.',
    close,
  )
  return (
    <Confirm
      title="End this token"
      act="End"
      isBusy={act.isPending}
      error={act.error}
      close={close}
      confirm={() => act.mutate()}
    >
      <p>
        <Said>{tokenId}</Said> of <Said>{principal}</Said> ends at once, and what was made with it.
      </p>
    </Confirm>
  )
}
