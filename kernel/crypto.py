"""Personal data at rest: AES-256-GCM with a key id, and a keyed hash to look it up.

A stored value is `key id (1 byte) + nonce (12) + ciphertext + tag (16)`. The purpose (for example
`citizen.phone`) is associated data, so a value copied into another column does not decrypt. The blind
index uses a separate key: an unkeyed hash of all ID numbers could be tried out in days.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE = 12
_KEY_BYTES = 32


class CannotDecrypt(Exception):
    """The value was written with a key that is not configured, or was tampered with."""


def _key(text: str) -> bytes:
    """A 32-byte key from its base64 form, or derived from a passphrase."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raw = b""
    return raw if len(raw) == _KEY_BYTES else hashlib.sha256(text.encode()).digest()


def new_key() -> str:
    """A fresh key in the form that settings take."""
    return base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Cipher:
    """Encrypts, decrypts and indexes; `previous` still decrypts while keys are being changed."""

    current: bytes
    index: bytes
    previous: bytes | None = None

    @classmethod
    def from_texts(cls, data_key: str, index_key: str, previous: str = "") -> "Cipher":
        """Build from settings texts."""
        return cls(_key(data_key), _key(index_key), _key(previous) if previous else None)

    def encrypt(self, text: str, purpose: str) -> bytes:
        """Encrypt `text`; `purpose` names the column and must be given again to decrypt."""
        nonce = os.urandom(_NONCE)
        sealed = _aes(self.current).encrypt(nonce, text.encode(), purpose.encode())
        return _key_id(self.current) + nonce + sealed

    def decrypt(self, value: bytes, purpose: str) -> str:
        """The text again.

        Raises:
            CannotDecrypt: wrong key, wrong purpose or damaged value.
        """
        for key in (self.current, self.previous):
            if key is not None and value[:1] == _key_id(key):
                nonce, sealed = value[1 : 1 + _NONCE], value[1 + _NONCE :]
                try:
                    return _aes(key).decrypt(nonce, sealed, purpose.encode()).decode()
                except InvalidTag as error:
                    raise CannotDecrypt(purpose) from error
        raise CannotDecrypt(purpose)

    def blind_index(self, text: str, purpose: str) -> bytes:
        """A keyed hash (16 bytes) by which equal texts of one purpose find each other."""
        message = purpose.encode() + b"\x00" + text.encode()
        return hmac.digest(self.index, message, "sha256")[:16]

    def derive_digits(self, seed: str, purpose: str, digits: int) -> str:
        """A decimal code derived from `seed`: one-time codes need not be stored anywhere."""
        mac = hmac.new(self.index, f"{purpose}\x00{seed}".encode(), hashlib.sha256).digest()
        return str(int.from_bytes(mac[:8]) % 10**digits).zfill(digits)


@lru_cache(maxsize=8)
def _aes(key: bytes) -> AESGCM:
    return AESGCM(key)


@lru_cache(maxsize=8)
def _key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"key-id" + key).digest()[:1]


_active: list[Cipher] = []


def configure(cipher: Cipher) -> None:
    """Set this process's keys, once, from the composition root."""
    _active[:] = [cipher]


def cipher() -> Cipher:
    """This process's keys.

    Raises:
        RuntimeError: when the composition root has not configured them.
    """
    if not _active:
        raise RuntimeError("kernel.crypto.configure() was not called")
    return _active[0]
