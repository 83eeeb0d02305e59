// Signing in again where somebody is: the page stays as it is, with all that was typed.
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Modal from '@cloudscape-design/components/modal'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { apiPath, openSession, personOfLink, type Session, signInWays } from '../api/client.ts'
import { queries, session } from '../api/queries.ts'
import { Form, needed, TextField, useForm } from './form.tsx'

export function SignInAgain({ resume, close }: { resume: () => Promise<void>; close: () => void }): ReactNode {
  const me = queries.getQueryData<Session>(session.queryKey)
  const { data: ways } = useQuery({ queryKey: ['sign-in-ways'], queryFn: signInWays })
  const form = useForm({
    initial: { link: '' },
    checks: { link: needed('Paste the link.') },
    call: async ({ link }) => {
      const code = link.trim().split('#').at(-1)!
      const principal = await personOfLink(code)
      // What is typed here is theirs who typed it: nobody else goes on with it.
      if (me && principal !== me.principal)
        throw new Error(
          `This link is for ${principal}, and this page is of ${me.principal}. Open it in another window.`,
        )
      await openSession(code)
      await resume()
    },
  })
  return (
    <Modal visible header="Your session is over" closeAriaLabel="Close" onDismiss={close}>
      <SpaceBetween size="m">
        <Box>Sign in again here: what you typed is kept, and nothing of it was sent.</Box>
        {ways?.provider ? (
          <Button
            variant="primary"
            iconName="external"
            iconAlign="right"
            href={`${apiPath}/sign-in/browser?to=${encodeURIComponent('/console/')}`}
            target="_blank"
          >
            Sign in with your organization
          </Button>
        ) : null}
        <Form form={form} act="Sign in">
          <TextField
            form={form}
            name="link"
            label="A link of the operator"
            hint="At the server, `cadastre operator console --principal user:NAME` prints one. It is good once. Signing in in another tab does it, too."
            isFirst
          />
        </Form>
      </SpaceBetween>
    </Modal>
  )
}
