// What can be done to one object: a row of buttons, those that cannot be used now disabled with the reason, and the dialog of each.
import Button from '@cloudscape-design/components/button'
import ButtonDropdown from '@cloudscape-design/components/button-dropdown'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type ReactNode, useState } from 'react'
import { FormDialog, needed, TextField, useForm } from './form.tsx'

export interface Act<T> {
  readonly id: string
  /** On the button, here and in the dialog. */
  readonly act: string
  readonly title: string
  /** What it means, in the dialog. */
  readonly says: ReactNode
  /** What is said once it is done. */
  readonly done: string
  /** What somebody is asked to write. */
  readonly note?: { readonly label: string; readonly isOptional?: boolean }
  readonly isPrimary?: boolean
  /** Behind "More": what somebody needs now and then. */
  readonly isRare?: boolean
  /** Why it cannot be done now, and who could do it. */
  readonly reason?: string | undefined
  /** Where it only leads to another page, in place of the dialog. */
  readonly go?: () => void
  readonly call?: (of: T, note: string) => Promise<unknown>
  readonly after?: () => void
}

export function Acts<T>({ of, acts }: { of: T | undefined; acts: readonly Act<T>[] }): ReactNode {
  const [chosen, setChosen] = useState<{ readonly id: string; readonly of: T } | undefined>()
  const open = acts.find(({ id }) => id === chosen?.id)
  const whyOf = ({ reason }: Act<T>): string | undefined => (of === undefined ? 'It is not loaded.' : reason)
  // What is done is done to what was shown when the button was pressed, whatever is loaded meanwhile.
  const choose = (id: string): void => {
    const { go } = acts.find((one) => one.id === id)!
    if (go) go()
    else if (of !== undefined) setChosen({ id, of })
  }
  const rare = acts.filter(({ isRare }) => isRare)
  return (
    <>
      <SpaceBetween size="xs" direction="horizontal">
        {acts
          .filter(({ isRare }) => !isRare)
          .map((one) => (
            <Button
              key={one.id}
              variant={one.isPrimary ? 'primary' : 'normal'}
              disabled={whyOf(one) !== undefined}
              disabledReason={whyOf(one)}
              onClick={() => choose(one.id)}
            >
              {one.act}
            </Button>
          ))}
        {rare.length === 0 ? null : (
          <ButtonDropdown
            items={rare.map((one) => ({
              id: one.id,
              text: one.act,
              disabled: whyOf(one) !== undefined,
              ...(whyOf(one) === undefined ? {} : { disabledReason: whyOf(one)! }),
            }))}
            onItemClick={({ detail }) => choose(detail.id)}
          >
            More
          </ButtonDropdown>
        )}
      </SpaceBetween>
      {open === undefined || chosen === undefined ? null : (
        <Dialog of={chosen.of} act={open} close={() => setChosen(undefined)} />
      )}
    </>
  )
}

function Dialog<T>({ of, act, close }: { of: T; act: Act<T>; close: () => void }): ReactNode {
  const { note } = act
  const form = useForm({
    initial: { note: '' },
    checks: note === undefined || note.isOptional === true ? {} : { note: needed('Say why.') },
    call: async (values) => act.call?.(of, values.note.trim()),
    done: act.done,
    after: () => {
      close()
      act.after?.()
    },
  })
  return (
    <FormDialog form={form} title={act.title} act={act.act} close={close}>
      <p>{act.says}</p>
      {note === undefined ? null : (
        <TextField form={form} name="note" label={note.label} lines={3} isOptional={note.isOptional === true} isFirst />
      )}
    </FormDialog>
  )
}
