// SHA-256 of one block: crypto.subtle is given to secure origins only, and asking it thirty thousand times is slow.

const K = new Int32Array(64);
const START = new Int32Array(8);

// The constants are the first bits of the fractions of roots of the first primes (FIPS 180-4, 4.2.2 and 5.3.3).
(function fill() {
  const fraction = (root) => ((root - Math.floor(root)) * 4294967296) | 0;
  for (let n = 2, found = 0; found < 64; n += 1) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; d += 1) prime = n % d !== 0;
    if (!prime) continue;
    if (found < 8) START[found] = fraction(Math.sqrt(n));
    K[found] = fraction(Math.cbrt(n));
    found += 1;
  }
}());

const W = new Int32Array(64);
const LONGEST = 55;

/** The first 32 bits of the digest of an ASCII text of at most 55 characters. */
export function firstBits(text) {
  if (text.length > LONGEST) throw new RangeError('too long for one block');
  W.fill(0, 0, 16);
  for (let i = 0; i < text.length; i += 1) W[i >> 2] |= text.charCodeAt(i) << (24 - (i % 4) * 8);
  W[text.length >> 2] |= 0x80 << (24 - (text.length % 4) * 8);
  W[15] = text.length * 8;
  for (let i = 16; i < 64; i += 1) {
    const a = W[i - 15];
    const b = W[i - 2];
    const s0 = ((a >>> 7) | (a << 25)) ^ ((a >>> 18) | (a << 14)) ^ (a >>> 3);
    const s1 = ((b >>> 17) | (b << 15)) ^ ((b >>> 19) | (b << 13)) ^ (b >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = START;
  for (let i = 0; i < 64; i += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  return (a + START[0]) >>> 0;
}

/** The first answer in [from, from + count) with so many leading zero bits, or -1. */
export function findAnswer(challenge, bits, from, count) {
  const limit = 2 ** (32 - bits);
  for (let answer = from; answer < from + count; answer += 1) {
    if (firstBits(`${challenge}:${answer}`) < limit) return answer;
  }
  return -1;
}
