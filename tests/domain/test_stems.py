import pytest
from hypothesis import given
from hypothesis import strategies as st

from besadu.domain import stems


@pytest.mark.parametrize(
    "family",
    [
        "lampu lampunya lampu-lampu lampu2",
        "jalan jalannya jalan-jalan jln",
        "tumpuk menumpuk numpuk bertumpuk",
        "lubang berlubang lobang belobang lubang2",
        "angkut diangkut mengangkut",
        "padam dipadamkan pemadaman memadamkan",
        "banjir kebanjiran banjirnya",
        "cetak dicetak mencetak dicetakkan",
        "sapu menyapu disapu",
        "alir mengalir ngalir",
        "air aik aek airnya",
        "tidak dak ndak gak",
    ],
)
def test_the_words_of_a_family_have_one_stem(family: str) -> None:
    assert len({token.stem for token in stems.tokens(family)}) == 1


@pytest.mark.parametrize(
    "word", ["jalan", "jembatan", "dinas", "kecamatan", "pemadam", "perumahan", "sekolah", "pasien"]
)
def test_what_only_looks_like_an_affix_stays(word: str) -> None:
    assert stems.stem(word) == word


def test_words_without_a_topic_are_left_out() -> None:
    assert [token.stem for token in stems.tokens("Mohon lampu di depan jalan, terima kasih pak")] == ["lampu", "jalan"]


@given(st.text(max_size=60))
def test_tokens_stand_where_they_say(text: str) -> None:
    for token in stems.tokens(text):
        assert token.stem
        assert 0 <= token.start < token.end <= len(text)
