// Mail through a server that takes it, one that refuses whom it is for, and one that would have it sent without TLS.
import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { createMailer, type MailServer } from './mail.ts'

interface Received {
  readonly commands: string[]
  message: string
}
const open: Server[] = []
const sockets = new Set<Socket>()
afterEach(async () => {
  for (const server of open.splice(0)) {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
})

/** As much of SMTP as is needed to be sent something; `refused`: whom it takes nothing for. */
async function openMailServer(refused?: string): Promise<{ readonly port: number; readonly received: Received }> {
  const received: Received = { commands: [], message: '' }
  const server = createServer((socket) => {
    sockets.add(socket)
    let isData = false
    let rest = ''
    const answer = (line: string): void => {
      if (isData) {
        if (line === '.') {
          isData = false
          socket.write('250 taken\r\n')
        } else received.message += `${line}\n`
        return
      }
      received.commands.push(line)
      if (/^EHLO/i.test(line)) socket.write('250-here\r\n250 AUTH PLAIN\r\n')
      else if (/^AUTH/i.test(line)) socket.write('235 welcome\r\n')
      else if (refused !== undefined && line.includes(refused)) socket.write('550 nobody here\r\n')
      else if (/^DATA/i.test(line)) {
        isData = true
        socket.write('354 go on\r\n')
      } else socket.write('250 well\r\n')
    }
    socket.write('220 here\r\n')
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n')
      rest = lines.pop()!
      for (const line of lines) answer(line)
    })
    socket.on('error', () => {})
  })
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, received }
}
const mailer = (port: number, more: Partial<MailServer> = {}) =>
  createMailer({
    ...{ url: `smtp://127.0.0.1:${port}`, user: undefined, password: undefined, from: 'cadastre@example.com' },
    ...more,
  })
const mail = {
  recipients: ['one@example.com', 'two@example.com'],
  id: 'event-1',
  subject: '[Cadastre] high: pool.nearly-full',
  text: '90 % of it or more are used.\n',
}

test('a mail is plain text, has the id of its event, and shows none of those who get it', async () => {
  const { port, received } = await openMailServer()
  assert.deepEqual(await mailer(port, { user: 'cadastre', password: 'secret' })(mail), { isDelivered: true })
  const auth = received.commands.find((line) => line.startsWith('AUTH'))!
  assert.equal(Buffer.from(auth.split(' ')[2]!, 'base64').toString(), '\0cadastre\0secret')
  const recipients = received.commands.filter((line) => line.startsWith('RCPT'))
  assert.deepEqual(recipients, ['RCPT TO:<one@example.com>', 'RCPT TO:<two@example.com>'])
  assert.match(received.message, /^Message-ID: <event-1@example\.com>$/m)
  assert.match(received.message, /^Subject: \[Cadastre\] high: pool\.nearly-full$/m)
  assert.match(received.message, /^Content-Type: text\/plain/m)
  assert(!received.message.includes('one@example.com'))
})

test('I7 what others have written adds no header and nobody to a mail', async () => {
  const { port, received } = await openMailServer()
  const subject = 'x\r\nBcc: three@example.com\r\nX-Evil: 1'
  assert.deepEqual(await mailer(port)({ ...mail, subject, text: 'y\r\n.\r\nRCPT TO:<four@example.com>\r\n' }), {
    isDelivered: true,
  })
  assert(!/^(Bcc|X-Evil):/m.test(received.message), received.message)
  assert(!received.commands.some((line) => /three|four/.test(line)))
})

test('whoever is refused among others is told of, and the others have it once', async () => {
  const { port, received } = await openMailServer('two@example.com')
  const problem = { why: 'some-recipients-refused', code: '550', taken: 1, refused: ['two@example.com'] }
  assert.deepEqual(await mailer(port)(mail), { isDelivered: true, problem })
  assert.match(received.message, /^Message-ID: <event-1@/m)
})

test('whom the server takes nothing for, and a server that is not there, are failures', async () => {
  const { port } = await openMailServer('RCPT')
  assert.deepEqual(await mailer(port)(mail), {
    isDelivered: false,
    problem: { why: 'recipients-refused', code: '550' },
  })
  const gone = await openMailServer()
  await new Promise((resolve) => open.at(-1)!.close(resolve))
  assert.deepEqual(await mailer(gone.port)(mail), {
    isDelivered: false,
    problem: { why: 'target-unreachable', code: 'ESOCKET' },
  })
})

test('A1 elsewhere than on this machine nothing is sent without TLS, not even a password', async () => {
  const { port, received } = await openMailServer()
  // An address of this machine by a name that does not say so.
  const outcome = await mailer(port, { url: `smtp://0x7f000001:${port}`, user: 'u', password: 'p' })(mail)
  assert.equal(outcome.isDelivered, false)
  assert(!received.commands.some((line) => /^(AUTH|MAIL)/.test(line)), received.commands.join('\n'))
})

test('D4 a server that says a line now and then, and never ends, is given up, and its connection closed', async () => {
  const closed = Promise.withResolvers<void>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.write('220 here\r\n')
    const timer = setInterval(() => socket.write('250-more\r\n'), 10)
    socket.on('data', () => {})
    socket.on('error', () => {})
    socket.once('close', () => {
      clearInterval(timer)
      closed.resolve()
    })
  })
  open.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const settings = { url: `smtp://127.0.0.1:${port}`, user: undefined, password: undefined, from: 'c@example.com' }
  assert.deepEqual(await createMailer(settings, { secondsMax: 0.2 })(mail), {
    isDelivered: false,
    problem: { why: 'target-slow', seconds: 0.2 },
  })
  await closed.promise
})
