// Tokens and sessions: made, shown once, and ended at once.
import Alert from '@cloudscape-design/components/alert'
import Badge from '@cloudscape-design/components/badge'
import Button from '@cloudscape-design/components/button'
import CopyToClipboard from '@cloudscape-design/components/copy-to-clipboard'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useRef, useState } from 'react'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes, searchParamsOf, tokenList } from '../../api/lists.ts'
import { load, session } from '../../api/queries.ts'
import { useAct } from '../../parts/act.ts'
import { said, word } from '../../parts/columns.tsx'
import { Confirm } from '../../parts/confirm.tsx'
import { ChoiceField, FormDialog, TextField, useForm } from '../../parts/form.tsx'
import type { Column } from '../../parts/list.tsx'
import { ListPage } from '../../parts/list-page.tsx'
import { Moment, momentText, Said } from '../../parts/words.tsx'

export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(tokenList(searchParamsOf(request)), nodes)

type Row = Schemas['Token']
type Made = Schemas['CreateTokenResponse']

const origins: Readonly<Record<Row['origin'], string>> = {
  'sign-in': 'a sign-in',
  operator: 'the operator',
  token: 'another token',
}

export function Component(): ReactNode {
  const [ending, setEnding] = useState<Row | undefined>()
  const [isMaking, setMaking] = useState(false)
  // The token itself is here alone, until its dialog is closed: no query, no address and no store of the browser ever has it.
  const [made, setMade] = useState<Made | undefined>()
  const { data: me } = useQuery(session)
  const isOwn = ({ tokenId }: Row): boolean => tokenId === me?.tokenId
  const columns: readonly Column<Row>[] = [
    {
      id: 'principal',
      header: 'Who',
      width: 180,
      cell: (row) => (
        <>
          <Said>{row.principal}</Said> {isOwn(row) ? <Badge color="green">this browser</Badge> : null}
        </>
      ),
      text: (row) => row.principal,
    },
    said('description', 'Description', 160, (row) => row.description),
    word('origin', 'Made by', 120, (row) => origins[row.origin]),
    said('makers', 'Answers for it', 130, (row) => row.makers.join(', ')),
    word('scopes', 'Narrowed to', 120, (row) => (row.scopes.length === 0 ? 'all it may' : row.scopes.join(', '))),
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
          disabled={row.revokedAt !== undefined || isOwn(row)}
          disabledReason={isOwn(row) ? 'You use it now: sign out ends it.' : 'It has ended.'}
          wrapText={false}
          ariaLabel={`End ${row.description ?? ''} ${row.tokenId}`}
          onClick={() => setEnding(row)}
        >
          End
        </Button>
      ),
      text: () => '',
    },
  ]
  return (
    <>
      <ListPage
        title="Tokens and sessions"
        tableTitle="Tokens"
        description="Whoever holds a token acts as its principal until it ends. What was made with it ends with it."
        command="cadastre token list"
        moreCommands={['cadastre token create --principal service:NAME', 'cadastre token revoke TOKEN_ID']}
        path="/tokens"
        names={['principal']}
        list={tokenList}
        columns={columns}
        keyOf={(row) => row.tokenId}
        filters={[{ name: 'principal', label: 'Who' }]}
        actions={
          <Button variant="primary" onClick={() => setMaking(true)}>
            Make a token
          </Button>
        }
        empty="There is none that you may see."
      />
      {ending === undefined ? null : <End token={ending} close={() => setEnding(undefined)} />}
      {isMaking ? <Make show={setMade} close={() => setMaking(false)} /> : null}
      {made === undefined ? null : <Shown made={made} close={() => setMade(undefined)} />}
    </>
  )
}

const day = 86_400
const spans = [
  { value: String(3_600), label: '1 hour' },
  { value: String(day), label: '1 day' },
  { value: String(30 * day), label: '30 days' },
  { value: String(90 * day), label: '90 days' },
  { value: String(366 * day), label: '366 days' },
]
const scopes = [
  { value: '', label: 'All it may', description: 'It may whatever its principal may.' },
  { value: 'read', label: 'Reading', description: 'It changes nothing.' },
  { value: 'allocation', label: 'Allocations', description: 'It takes and gives back space.' },
  { value: 'estate', label: 'Sources', description: 'It tells what is there: for collectors.' },
]

function Make({ show, close }: { show: (made: Made) => void; close: () => void }): ReactNode {
  // Not the result of the act, which is kept for some minutes.
  const made = useRef<Made | undefined>(undefined)
  const form = useForm({
    initial: { principal: '', description: '', scopes: '', expiresInSeconds: String(30 * day) },
    checks: {
      principal: (name) =>
        name.trim() === '' || name.trim().startsWith('service:')
          ? undefined
          : 'A name such as service:build is expected, or nothing for a token of your own.',
    },
    async call({ principal, description, scopes: scope, expiresInSeconds }) {
      made.current = await answer(
        api.POST('/tokens', {
          body: {
            ...(principal.trim() === '' ? {} : { principal: principal.trim() }),
            ...(description.trim() === '' ? {} : { description: description.trim() }),
            scopes: scope === '' ? [] : ([scope] as Row['scopes']),
            expiresInSeconds: Number(expiresInSeconds),
          },
        }),
      )
    },
    done: 'The token is made. It is shown once.',
    after() {
      close()
      if (made.current) show(made.current)
    },
  })
  return (
    <FormDialog form={form} title="Make a token" act="Make it" close={close}>
      <TextField
        form={form}
        name="principal"
        label="For the service"
        hint="Such as service:build. What it does must be permitted to it and to you, and both are on record. Nothing: for yourself."
        placeholder="service:build"
        isOptional
        isFirst
      />
      <TextField form={form} name="description" label="Description" hint="Where it is used." isOptional />
      <ChoiceField form={form} name="scopes" label="Narrowed to" options={scopes} />
      <ChoiceField form={form} name="expiresInSeconds" label="Ends after" options={spans} />
    </FormDialog>
  )
}

function Shown({ made, close }: { made: Made; close: () => void }): ReactNode {
  return (
    <Confirm title="The token" act="I have kept it" isBusy={false} error={null} close={close} confirm={close}>
      <Alert type="warning" header="It is shown this once">
        Nobody can be shown it again, and the server keeps only its hash. Whoever has it acts as{' '}
        <Said>{made.principal}</Said> until <Moment at={made.expiresAt} />.
      </Alert>
      <pre className="commands">{made.token}</pre>
      <CopyToClipboard
        copyButtonText="Copy the token"
        copySuccessText="Copied"
        copyErrorText="Not copied: mark it and copy it yourself"
        textToCopy={made.token}
      />
      {made.groupsLeftOut === undefined ? null : (
        <p>It lasts longer than your sign-in: what your groups permit does not count for it.</p>
      )}
    </Confirm>
  )
}

function End({ token, close }: { token: Row; close: () => void }): ReactNode {
  const { tokenId, principal, description } = token
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
        <Said>{description ?? tokenId}</Said> of <Said>{principal}</Said> ends at once, and what was made with it.
      </p>
    </Confirm>
  )
}
