// A table is imported: what its columns mean, what is wrong at which row and column, what it would bring, and what became of each row.
import Alert from '@cloudscape-design/components/alert'
import Button from '@cloudscape-design/components/button'
import Checkbox from '@cloudscape-design/components/checkbox'
import ColumnLayout from '@cloudscape-design/components/column-layout'
import Container from '@cloudscape-design/components/container'
import FileUpload from '@cloudscape-design/components/file-upload'
import FormField from '@cloudscape-design/components/form-field'
import Header from '@cloudscape-design/components/header'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useMemo, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { lineOf as csvLine } from '#cli/csv.ts'
import { shown } from '#collect/sheet-columns.ts'
import type { SheetRow } from '#collect/sheet-rows.ts'
import { meanings } from '#collect/sheet-words.ts'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { useAct } from '../../parts/act.ts'
import { said, word } from '../../parts/columns.tsx'
import { type Column, download, List } from '../../parts/list.tsx'
import { useMay } from '../../parts/may.ts'
import { named } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Refused } from '../../parts/refused.tsx'
import { Said, State } from '../../parts/words.tsx'
import { source } from './reads.ts'
import {
  columnOfField,
  fileBytesMax,
  headerIn,
  meaningNames,
  type ReadRow,
  readTable,
  rowsIn,
  snapshotOf,
} from './table.ts'

export const loader = ({ params: { sourceId } }: { params: { sourceId?: string } }): Promise<null> =>
  load(source(sourceId!), nodes)

type Snapshot = Schemas['Snapshot']
/** Rows that are shown; all of them are in the CSV. */
const rowsShown = 100

const send = (sourceId: string, text: string, query: { isTrial?: 'true'; onProblem?: 'skip' }): Promise<Snapshot> =>
  answer(
    api.POST('/sources/{sourceId}/snapshots', {
      params: { path: { sourceId }, query },
      body: text,
      bodySerializer: (body) => body,
      headers: { 'content-type': 'application/x-ndjson' },
    }),
  )

const pairsOf = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text.split(',').flatMap((pair) => {
      const [meaning, column] = pair.split('=')
      return meaning && column ? [[meaning.trim(), column.trim()] as const] : []
    }),
  )

const columns: readonly Column<ReadRow>[] = [
  word('line', 'Line', 70, (row) => row.line),
  {
    id: 'state',
    header: 'Row',
    width: 120,
    cell: (row) => <State of={row.state} />,
    text: (row) => row.state,
  },
  said('column', 'Column', 120, (row) => row.column),
  said('problem', 'What is wrong', 260, (row) => row.problem),
  said('what', 'What it says', 200, (row) => row.what),
  said('name', 'Name', 140, (row) => row.name),
]

export function Component(): ReactNode {
  const sourceId = useParams().sourceId!
  const [params, setParams] = useSearchParams()
  const { data: of, error } = useQuery(source(sourceId))
  const { data: tree } = useQuery(nodes)
  const [files, setFiles] = useState<readonly File[]>([])
  const [rows, setRows] = useState<readonly SheetRow[]>([])
  const [trouble, setTrouble] = useState<string | undefined>()
  const [isLeftOut, setLeftOut] = useState(false)
  const [tried, setTried] = useState<{ readonly of: readonly ReadRow[]; readonly says: Snapshot } | undefined>()
  const [done, setDone] = useState<Snapshot | undefined>()
  const asked = params.get('columns') ?? ''
  const owner = params.get('owner') ?? ''
  const header = useMemo(() => headerIn(rows, asked === '' ? undefined : pairsOf(asked)), [rows, asked])
  const read = useMemo(() => readTable(rows, header, owner), [rows, header, owner])
  const isTried = tried?.of === read
  const lineOf = useMemo(() => snapshotOf(read, 0).lineOf, [read])
  const refused = useMemo(() => {
    const found = new Map<number, { readonly column: string; readonly problem: string }>()
    for (const { line, field, problem } of isTried ? tried.says.problems : []) {
      const at = lineOf.get(line)
      if (at !== undefined) found.set(at, { column: columnOfField(header, field), problem })
    }
    return found
  }, [isTried, tried, lineOf, header])
  const judged = useMemo(
    () =>
      read.map((row): ReadRow => {
        const problem = refused.get(row.line)
        return problem ? { ...row, ...problem, state: 'wrong' } : row
      }),
    [read, refused],
  )
  const wrong = judged.filter(({ state }) => state === 'wrong')
  const good = judged.filter(({ state }) => state === 'read')
  const change = (name: string, value: string): void =>
    setParams(
      (before) => {
        const after = new URLSearchParams(before)
        if (value === '') after.delete(name)
        else after.set(name, value)
        return after
      },
      { replace: true },
    )
  const choose = async (chosen: readonly File[]): Promise<void> => {
    setFiles(chosen)
    setTried(undefined)
    setDone(undefined)
    setTrouble(undefined)
    setRows([])
    const [file] = chosen
    if (!file) return
    if (file.size > fileBytesMax) {
      setTrouble(`It has more than ${fileBytesMax / 1_000_000} MB: the command line reads tables of any length.`)
      return
    }
    try {
      setRows(rowsIn(new Uint8Array(await file.arrayBuffer())))
    } catch (failure) {
      setTrouble(`It cannot be read as a table: ${(failure as Error).message}`)
    }
  }
  const trial = useAct<void, Snapshot>(
    () => send(sourceId, snapshotOf(read, 0).text, { isTrial: 'true' }),
    'It was checked, and nothing was changed.',
    (says) => setTried({ of: read, says }),
  )
  const importing = useAct<void, Snapshot>(
    () => send(sourceId, snapshotOf(good, wrong.length).text, {}),
    'The table is imported.',
    setDone,
  )
  const command = `cadastre collect csv --file FILE --source ${sourceId}${header.columns.size === 0 ? '' : ` --columns '${shown(header.columns, header.cells)}'`}${owner === '' ? '' : ` --owner ${owner}`}`
  const lacking = useMay()('estate:report', of?.node)
  const whyNot =
    lacking ??
    (rows.length === 0
      ? 'Choose a file first.'
      : done
        ? 'It is imported.'
        : good.length === 0
          ? 'No row says what is there.'
          : !isTried
            ? 'Check it first: the server says what is wrong, and what it would bring.'
            : wrong.length > 0 && !isLeftOut
              ? `${wrong.length} rows are wrong. Mend them in the file, or leave them out.`
              : undefined)
  const ordered = [...wrong, ...judged.filter(({ state }) => state !== 'wrong')]
  const results = judged.map((row): ReadRow => (done && row.state === 'wrong' ? { ...row, state: 'left-out' } : row))
  return (
    <Page
      title={`Import a table into ${of?.name ?? 'a source'}`}
      description={
        <>
          A table is all that <Link to={`/sources/${sourceId}`}>this source</Link> tells: what it told before and is not
          in the table is missing.
        </>
      }
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          <Button
            disabled={lacking !== undefined || rows.length === 0 || header.columns.size === 0 || done !== undefined}
            disabledReason={
              lacking ??
              (done
                ? 'It is imported.'
                : rows.length === 0
                  ? 'Choose a file first.'
                  : 'Say which column is the network or the address.')
            }
            loading={trial.isPending}
            onClick={() => trial.mutate()}
          >
            Check
          </Button>
          <Button
            variant="primary"
            disabled={whyNot !== undefined}
            disabledReason={whyNot ?? ''}
            loading={importing.isPending}
            onClick={() => importing.mutate()}
          >
            {good.length === 0 ? 'Import' : `Import ${good.length} rows`}
          </Button>
        </SpaceBetween>
      }
      commands={[command]}
      requests={[`/sources/${sourceId}/snapshots`]}
    >
      {error ? <Wrong error={error} /> : null}
      {trial.error ? <Refused error={trial.error} /> : null}
      {importing.error ? <Refused error={importing.error} /> : null}
      {done ? (
        <Alert
          type={done.problemCount > 0 || done.unlistedCount > 0 ? 'warning' : 'success'}
          header={`Run ${done.snapshot}: ${done.added} new, ${done.changed} changed, ${done.missing} missing, ${done.gone} gone`}
          action={<Button onClick={() => download('Import.csv', csvOf(results))}>Every row as CSV</Button>}
        >
          <Link to={`/sources/${sourceId}/differences?state=open`}>What differs from the register now</Link>
        </Alert>
      ) : null}
      {isTried && !done ? (
        <Alert
          type={wrong.length > 0 ? 'warning' : 'info'}
          header={`It would bring ${tried.says.added} new, ${tried.says.changed} changed, ${tried.says.missing} missing, ${tried.says.gone} gone`}
        >
          {wrong.length === 0
            ? 'Nothing is wrong with it. Nothing is changed yet.'
            : `${wrong.length} of ${judged.length} rows are wrong. Nothing is changed yet.`}
        </Alert>
      ) : null}
      <Container header={<Header variant="h2">The file, and what its columns mean</Header>}>
        <SpaceBetween size="m">
          <FormField
            label="Table"
            description="Comma-separated values, in any delimiter and encoding, with a header."
            errorText={trouble}
          >
            <FileUpload
              accept=".csv,.tsv,.txt,text/csv"
              value={[...files]}
              onChange={({ detail }) => void choose(detail.value)}
              showFileSize
              i18nStrings={{
                uploadButtonText: () => 'Choose a file',
                dropzoneText: () => 'Drop a file here',
                removeFileAriaLabel: (index) => `Remove file ${index + 1}`,
                limitShowFewer: 'Show fewer',
                limitShowMore: 'Show more',
                errorIconAriaLabel: 'Error',
              }}
            />
          </FormField>
          {rows.length === 0 ? null : (
            <SpaceBetween size="m">
              <ColumnLayout columns={3}>
                {header.cells.map((cell, at) => (
                  <Meant
                    // biome-ignore lint/suspicious/noArrayIndexKey: a column is its place
                    key={at}
                    label={cell === '' ? `Column ${at + 1}` : cell}
                    example={rows.slice((header.at ?? -1) + 1).find(({ cells }) => (cells[at] ?? '') !== '')?.cells[at]}
                    meaning={[...header.columns].find(([, place]) => place === at)?.[0] ?? ''}
                    change={(meaning) => {
                      const next = new Map(
                        [...header.columns].filter(([name, place]) => place !== at && name !== meaning),
                      )
                      if (meaning !== '') next.set(meaning, at)
                      change('columns', shown(next, header.cells))
                    }}
                  />
                ))}
              </ColumnLayout>
              <FormField label="Whose it is, where no column says it">
                <Select
                  filteringType="auto"
                  selectedOption={{
                    value: owner,
                    label:
                      owner === ''
                        ? 'Nobody’s'
                        : named(owner, tree?.items.find(({ nodeId }) => nodeId === owner)?.name),
                  }}
                  options={[
                    { value: '', label: 'Nobody’s' },
                    ...(tree?.items ?? [])
                      .filter(({ kind }) => kind === 'account')
                      .map(({ nodeId, name }) => ({ value: nodeId, label: named(nodeId, name) })),
                  ]}
                  onChange={({ detail }) => change('owner', detail.selectedOption.value ?? '')}
                />
              </FormField>
              <Checkbox checked={isLeftOut} onChange={({ detail }) => setLeftOut(detail.checked)}>
                Leave out rows that are wrong. Nothing is taken for gone then.
              </Checkbox>
            </SpaceBetween>
          )}
        </SpaceBetween>
      </Container>
      {rows.length === 0 ? null : (
        <List<ReadRow>
          title={done ? 'What became of each row' : 'Rows'}
          description={
            ordered.length > rowsShown
              ? `${rowsShown} of ${ordered.length}, those that are wrong first.`
              : 'Those that are wrong come first.'
          }
          query={{
            queryKey: [
              'import',
              sourceId,
              files[0]?.name,
              files[0]?.lastModified,
              shown(header.columns, header.cells),
              owner,
              tried?.says.snapshot,
              done?.snapshot,
            ],
            queryFn: async () => ({ items: (done ? results : ordered).slice(0, rowsShown) }),
          }}
          columns={columns}
          keyOf={(row) => String(row.line)}
          actions={<Button onClick={() => download('Rows.csv', csvOf(judged))}>Every row as CSV</Button>}
          empty="Below the header no row says anything. Say which column is the network or the address."
        />
      )}
    </Page>
  )
}

const csvOf = (rows: readonly ReadRow[]): string =>
  [columns.map(({ header }) => header), ...rows.map((row) => columns.map(({ text }) => text(row)))]
    .map(csvLine)
    .join('')

const tag = 'a tag'
function Meant({
  label,
  example,
  meaning,
  change,
}: {
  label: string
  example: string | undefined
  meaning: string
  change: (meaning: string) => void
}): ReactNode {
  const options = [
    { value: '', label: 'Is not read' },
    ...meaningNames.map((value) => ({ value, label: value, description: meanings[value as keyof typeof meanings] })),
    { value: tag, label: 'A tag of this name' },
  ]
  const isTag = meaning !== '' && !meaningNames.includes(meaning)
  return (
    <FormField
      label={<Said>{label}</Said>}
      description={example === undefined ? 'It is empty.' : <Said>{`Such as ${example}`}</Said>}
    >
      <Select
        selectedOption={
          isTag
            ? { value: tag, label: `The tag ${meaning}` }
            : (options.find(({ value }) => value === meaning) ?? options[0]!)
        }
        options={options}
        onChange={({ detail }) =>
          change(detail.selectedOption.value === tag ? tagName(label) : (detail.selectedOption.value ?? ''))
        }
      />
    </FormField>
  )
}
/** The option of the command line separates by these. */
const tagName = (label: string): string => label.replaceAll(/[,=]/g, ' ').trim()
