// Beside the page, so that it stays alive on an old phone: challenge in, answer out.

import { findAnswer } from './sha256.js';

const AT_ONCE = 1 << 22;

onmessage = ({ data }) => postMessage(findAnswer(data.challenge, data.bits, 0, AT_ONCE));
