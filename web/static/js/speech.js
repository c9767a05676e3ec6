// What a screen says: a chime and the words of a call, clip by clip. A clip that is missing leaves the call to a Chinese
// voice of the browser, and where there is none to the chime and the flash.

const PATIENCE_MS = 5000; // a clip that neither ends nor fails holds nobody up
const PAUSE_MS = 2000;
const clips = new Map();
let clipsMissing = false;

const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });

/** 12 → ten, two; 20 → two, ten; 100 and more digit by digit. */
export function chineseNumber(number) {
  const digits = [...String(number)];
  if (number < 10 || number > 99) return digits.map((digit) => `zh-${digit}`);
  const words = digits[0] === '1' ? ['zh-ten'] : [`zh-${digits[0]}`, 'zh-ten'];
  return digits[1] === '0' ? words : [...words, `zh-${digits[1]}`];
}

/** The clips of a call, in each language, to a counter or to a `place` that comes with its own clips. */
export function phrases(label, counter, place) {
  const letters = [...label.toUpperCase()].filter((letter) => /[A-Z0-9]/.test(letter));
  return {
    zh: ['zh-please', ...letters.map((letter) => `zh-${letter}`), 'zh-number', ...(place?.zh ?? ['zh-to', ...chineseNumber(Number(counter)), 'zh-window'])],
    en: ['en-number', ...letters.map((letter) => `en-${letter}`), ...(place?.en ?? ['en-to', ...[...String(counter)].map((digit) => `en-${digit}`)])],
  };
}

/** Play one sound to its end. Rejects when the browser forbids sound or the file is not there. */
export function play(source) {
  if (!clips.has(source)) clips.set(source, Object.assign(new Audio(source), { preload: 'auto' }));
  const sound = clips.get(source);
  return new Promise((done, fail) => {
    const timer = setTimeout(done, PATIENCE_MS);
    const settle = (how) => (value) => { clearTimeout(timer); how(value); };
    sound.onended = settle(done);
    sound.onerror = settle(() => fail(new Error('missing')));
    sound.currentTime = 0;
    sound.play().catch(settle(fail));
  });
}

async function speak(names) {
  for (const name of names) await play(`/screen-clips/${encodeURIComponent(name)}.wav`);
}

function speakByBrowser(text) {
  const voice = globalThis.speechSynthesis?.getVoices().find((one) => one.lang.startsWith('zh') && one.localService);
  if (!voice) return Promise.resolve();
  return new Promise((done) => {
    const said = Object.assign(new SpeechSynthesisUtterance(text), { voice, lang: voice.lang });
    said.onend = done;
    said.onerror = done;
    setTimeout(done, 3 * PATIENCE_MS);
    speechSynthesis.speak(said);
  });
}

/** Say a call, twice when nobody else waits for the loudspeaker, then in English where the hall wants it. */
export async function announce({ label, counter, place, english, chime, isHurried }) {
  await play(chime);
  if (!label) return;
  const said = phrases(label, counter, place);
  try {
    if (clipsMissing) throw new Error('missing');
    await speak(said.zh);
    if (!isHurried()) {
      await pause(PAUSE_MS);
      await speak(said.zh);
    }
    if (english) await speak(said.en);
  } catch (problem) {
    if (problem.name === 'NotAllowedError') throw problem;
    if (!place) { // a room that nobody recorded says nothing about the clips of all calls
      clipsMissing = true;
      setTimeout(() => { clipsMissing = false; }, 600_000); // somebody may have put them there
    }
    await speakByBrowser(`请${[...label].join(' ')}号，到${place?.name ?? `${counter}号窗口`}`);
  }
}
