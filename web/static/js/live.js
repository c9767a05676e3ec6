// Our event stream. EventSource gives up for good after one 502 and cannot see heartbeats sent as comments;
// screens must come back by themselves after anything.

const SILENCE_MS = 25_000; // the server says something every 10 s
const REFETCH_MS = 10_000; // even when every nudge is lost
const WAITS_MS = [1000, 2000, 4000, 5000];

/** The address in a fresh copy of this page: tokens of streams end after a day, screens hang for months. */
async function renewed() {
  const response = await fetch(location.href, { cache: 'no-store', credentials: 'same-origin', signal: AbortSignal.timeout?.(8000) });
  const page = new DOMParser().parseFromString(await response.text(), 'text/html');
  return page.body.dataset.stream;
}

/** With what was heard last, so that the server tells what was missed; a header of that name would ask leave first. */
function resuming(url, lastId) {
  return lastId ? `${url}${url.includes('?') ? '&' : '?'}last_event_id=${encodeURIComponent(lastId)}` : url;
}

/**
 * Hold a stream open for ever.
 *
 * onNudge(why) is called on every event ('nudge'), after a (re)connection ('open') and every 10 s ('timer'); the
 * caller refetches its state then. A stream that the server ended in order is resumed without asking for
 * everything: the server then tells what was missed. onState gets 'connecting', 'live' or 'lost'.
 */
export function connect({ url, onNudge, onState = () => {}, renew = renewed }) {
  let address = url;
  let lastId = '';
  let inOrder = false; // the last stream ended as streams do
  let closed = false;
  let failures = 0;
  let controller = null;
  let wake = () => {};

  const pause = (ms) => new Promise((done) => {
    const timer = setTimeout(done, ms);
    wake = () => { clearTimeout(timer); done(); };
  });

  async function readOnce() {
    controller = new AbortController();
    let watchdog = 0;
    const heard = () => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => controller.abort(), SILENCE_MS);
    };
    heard();
    try {
      const response = await fetch(resuming(address, lastId), {
        headers: { Accept: 'text/event-stream' }, cache: 'no-store', credentials: 'same-origin', signal: controller.signal,
      });
      const kind = response.headers.get('Content-Type') ?? '';
      if (response.status !== 200 || !kind.startsWith('text/event-stream')) {
        controller.abort(); // do not leave the body of an error page open
        if (response.status === 403) address = (await renew()) || address;
        return;
      }
      onState('live');
      if (!inOrder || !lastId) onNudge('open');
      inOrder = false;
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parse = eventParser(() => onNudge('nudge'), (id) => { lastId = id; });
      for (;;) {
        const { value, done } = await reader.read();
        if (done) {
          inOrder = true;
          return;
        }
        failures = 0;
        heard();
        parse(value);
      }
    } catch {
      // refused, cut, silent or closed by us: the loop decides
    } finally {
      clearTimeout(watchdog);
    }
  }

  async function run() {
    onState('connecting');
    while (!closed) {
      await readOnce();
      if (closed) return;
      onState('lost');
      await pause(WAITS_MS[Math.min(failures, WAITS_MS.length - 1)]);
      failures += 1;
    }
  }

  const timer = setInterval(() => onNudge('timer'), REFETCH_MS);
  const hurry = () => { failures = 0; wake(); };
  const leave = () => controller?.abort();
  window.addEventListener('online', hurry);
  window.addEventListener('pagehide', leave);
  run();

  return {
    close() {
      closed = true;
      clearInterval(timer);
      window.removeEventListener('online', hurry);
      window.removeEventListener('pagehide', leave);
      controller?.abort();
      wake();
    },
  };
}

/** Feed it text; it calls back once per event that is not a heartbeat, and with the id of every event. */
export function eventParser(onEvent, onId = () => {}) {
  let rest = '';
  let name = '';
  let something = false;
  return (text) => {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (something && name !== 'beat') onEvent(name);
        name = '';
        something = false;
      } else if (line.startsWith('event:')) {
        name = line.slice(6).trim();
        something = true;
      } else if (line.startsWith('id:')) {
        onId(line.slice(3).trim());
      } else if (line.startsWith('data')) {
        something = true;
      }
    }
  };
}
