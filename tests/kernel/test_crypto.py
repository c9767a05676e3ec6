import pytest

from kernel.crypto import CannotDecrypt, Cipher, new_key


def test_a_sealed_text_opens_again_only_with_its_key_and_purpose():
    keys = Cipher.from_texts(new_key(), new_key())
    sealed = keys.encrypt("110101199003070011", "citizen.number")
    assert keys.decrypt(sealed, "citizen.number") == "110101199003070011"
    with pytest.raises(CannotDecrypt):
        keys.decrypt(sealed, "citizen.phone")
    with pytest.raises(CannotDecrypt):
        Cipher.from_texts(new_key(), new_key()).decrypt(sealed, "citizen.number")


def test_the_previous_key_still_opens_what_it_sealed():
    old, index = new_key(), new_key()
    sealed = Cipher.from_texts(old, index).encrypt("张三", "citizen.name")
    assert Cipher.from_texts(new_key(), index, previous=old).decrypt(sealed, "citizen.name") == "张三"


def test_sealing_twice_gives_different_bytes_and_one_index():
    keys = Cipher.from_texts(new_key(), new_key())
    assert keys.encrypt("a", "p") != keys.encrypt("a", "p")
    assert keys.blind_index("a", "p") == keys.blind_index("a", "p")
    assert keys.blind_index("a", "p") != keys.blind_index("a", "q")


def test_a_derived_code_has_its_digits_and_depends_on_seed_and_key():
    keys = Cipher.from_texts(new_key(), new_key())
    codes = {keys.derive_digits(str(seed), "phone_code", 6) for seed in range(200)}
    assert all(len(code) == 6 and code.isdigit() for code in codes)
    assert len(codes) > 190
