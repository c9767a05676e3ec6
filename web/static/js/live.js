// Our event stream. EventSource gives up for good after one 502 and cannot see heartbeats sent as comments;
// screens must come back by themselves after anything.

const SILENCE_MS = 25_000; // the server says something every 10 s
const REFETCH_MS = 10_000; // even when every nudge is lost
const WAITS_MS = [1000, 2000, 4000, 5000];

/**
 * Hold a stream open for ever.
 *
 * onNudge(why) is called on every event ('nudge'), after every (re)connection ('open') and every 10 s ('timer');
 * the caller refetches its state then. onState gets 'connecting', 'live' or 'lost'.
 */
export function connect({ url, onNudge, onState = () => {} }) {
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
      const response = await fetch(url, {
        headers: { Accept: 'text/event-stream' }, cache: 'no-store', credentials: 'same-origin', signal: controller.signal,
      });
      const kind = response.headers.get('Content-Type') ?? '';
      if (response.status !== 200 || !kind.startsWith('text/event-stream')) {
        controller.abort(); // do not leave the body of an error page open
        return;
      }
      onState('live');
      onNudge('open');
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parse = eventParser(() => onNudge('nudge'));
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return;
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

/** Feed it text; it calls back once per event that is not a heartbeat. */
export function eventParser(onEvent) {
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
      } else if (line.startsWith('data')) {
        something = true;
      }
    }
  };
}
