// The one dialog that asks before something is done, with what it takes to do it.
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { type ReactNode, useEffect } from 'react'
import { hold } from '../api/held.ts'
import { Refused } from './refused.tsx'

export interface ConfirmProps {
  readonly title: string
  readonly act: string
  readonly isBusy: boolean
  readonly error: Error | null
  readonly confirm: () => void
  readonly close: () => void
  readonly children: ReactNode
}
export function Confirm({ title, act, isBusy, error, confirm, close, children }: ConfirmProps): ReactNode {
  useEffect(hold, [])
  return (
    <Modal
      visible
      header={title}
      closeAriaLabel="Close"
      onDismiss={close}
      footer={
        <Box float="right">
          <SpaceBetween size="xs" direction="horizontal">
            <Button variant="link" onClick={close}>
              Cancel
            </Button>
            <Button variant="primary" loading={isBusy} onClick={confirm}>
              {act}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {children}
        {error ? <Refused error={error} /> : null}
      </SpaceBetween>
    </Modal>
  )
}
