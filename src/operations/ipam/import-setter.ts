// Whoever let a pool import: it does so in their name, as long as their key is good.
import type { ReadTransaction } from '#store/store.ts'
import type { ImportSetter, Pool } from '#store/tables/pools.ts'
import type { WriteContext } from '../operation.ts'

/** Sessions that were opened with sessions, one after the other. */
const sessionsMax = 10

/** The caller, as a pool that they let import remembers them: by the key behind their session, which ends by itself. */
export async function importSetterOf({ caller: { arn, accessKeyId }, tx }: WriteContext): Promise<ImportSetter> {
  let key = await tx.accessKeys.findSummary(accessKeyId)
  for (let sessions = 0; key?.openedBy !== undefined && sessions < sessionsMax; sessions++) {
    key = (await tx.accessKeys.findSummary(key.openedBy)) ?? { ...key, openedBy: undefined }
  }
  return key ? { arn, credential: key.id } : { arn }
}

type Importing = Pick<Pool, 'id' | 'autoImport' | 'autoImportBy'>

/** As whom it imports, in the record. */
export const principalOfPool = ({ id, autoImportBy }: Pick<Importing, 'id' | 'autoImportBy'>) =>
  autoImportBy
    ? { arn: `rule:${id} of ${autoImportBy.arn}`, accessKeyId: autoImportBy.credential ?? '' }
    : { arn: `rule:${id}`, accessKeyId: '' }

/**
 * Which of these pools import nothing, since the key of whoever let them is good no more. There is no IAM: a key may do what its account
 * may, so nothing else can be lost. Of pools from before nobody knows who did: those go on.
 */
export async function stoppedImports(tx: ReadTransaction, pools: readonly Importing[]): Promise<ReadonlySet<string>> {
  const keys = new Map(
    pools.flatMap(({ id, autoImport, autoImportBy }) =>
      autoImport && autoImportBy?.credential !== undefined ? [[id, autoImportBy.credential]] : [],
    ),
  )
  if (keys.size === 0) return new Set()
  const good = await tx.accessKeys.signing([...new Set(keys.values())])
  return new Set([...keys].flatMap(([id, key]) => (good.has(key) ? [] : [id])))
}
