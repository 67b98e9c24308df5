"""Old encodings are told apart, or the guess is told."""

import pytest

from ingest.parsers.csv_table import parse as parse_csv
from ingest.parsers.html import parse as parse_html
from ingest.parsers.text import decode, parse

SENTENCES = {
    "cp1250": "Książka została wypożyczona na trzy tygodnie, opłata wynosi pięć złotych.",
    "iso8859_2": "Knihovna je otevřena každý den kromě neděle, poplatek činí dvě stě korun.",
    "cp1251": "Библиотека открыта каждый день, кроме воскресенья, с девяти до шести.",
    "koi8_u": "Бібліотека відчинена щодня, окрім неділі; внесок становить двісті гривень.",
    "iso8859_5": "Библиотека открыта каждый день, кроме воскресенья, с девяти до шести.",
    "cp866": "Библиотека открыта каждый день, кроме воскресенья, с девяти до шести.",
    "cp1253": "Η βιβλιοθήκη είναι ανοιχτή κάθε μέρα, η συνδρομή είναι δέκα ευρώ.",
    "cp1254": "Kütüphane pazar hariç her gün açıktır, yıllık üyelik ücreti beş yüz liradır.",
    "cp1255": "הספרייה פתוחה בכל יום חוץ משבת, ודמי החבר הם מאה שקלים לשנה.",
    "cp1256": "المكتبة مفتوحة كل يوم ما عدا الجمعة، والاشتراك السنوي مئة درهم.",
    "cp1257": "Biblioteka atidaryta kasdien, išskyrus sekmadienį, mokestis yra dešimt eurų.",
    "shift_jis": "図書館は日曜日を除いて毎日開いています。年会費は五百円です。",
    "euc_jp": "図書館は日曜日を除いて毎日開いています。年会費は五百円です。",
    "iso2022_jp": "図書館は日曜日を除いて毎日開いています。",
    "euc_kr": "도서관은 일요일을 제외하고 매일 열려 있으며 연회비는 오천 원입니다.",
    "gb18030": "图书馆除星期日外每天开放，年费为五百元。",
    "big5": "圖書館除星期日外每天開放，年費為五百元。",
    "cp850": "Die Gebühr für größere Mengen beträgt zwölf Euro. Öffnungszeiten: täglich.",
    "mac_roman": "L’été dernier, la bibliothèque a fermé à midi ; les élèves étaient déçus.",
    "cp874": "ห้องสมุดเปิดทุกวันยกเว้นวันอาทิตย์ ค่าสมาชิกปีละห้าร้อยบาท",
    "utf_16_le": "Библиотека открыта каждый день, кроме воскресенья.",
    "utf_16_be": "Plain text without a mark at its start.",
}


@pytest.mark.parametrize(("encoding", "sentence"), SENTENCES.items())
def test_a_sentence_in_an_old_encoding_is_read_and_the_guess_is_told(encoding: str, sentence: str):
    document = parse(sentence.encode(encoding))
    assert document.text == sentence
    (note,) = document.notes
    assert "encoding was guessed" in note


def test_tables_tell_the_guess_too_and_utf_8_is_none():
    assert parse_csv("Name;Stadt\nJörg;Köln\nUwe;Münster".encode("cp1252")).notes
    assert not parse_csv("Name;Stadt\nJörg;Köln".encode()).notes


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Die Bücherei öffnet am Sonntag. Straße, Größe, fünf Euro."),
        ("cp1252", "naïve"),
        ("cp1252", "Zoë costs 5"),
        ("cp1252", "Müller – 5 €"),
        ("cp1252", "Größe: 5 µm"),
        ("cp1252", "œuvre – 5 €"),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
        ("cp850", "El niño comió una piña mañana. ¿Cuándo? El año próximo."),
        ("mac_cyrillic", "Библиотека открывается в девять часов."),
        ("utf_16_le", "£5 fee"),
        ("utf_16_be", "café"),
        ("utf_16_le", "図書館は日曜日の九時に開き、午後六時に閉まります。"),
        ("utf_16_be", "ห้องสมุดเปิดวันอาทิตย์เวลาเก้าโมง ปิดหกโมงเย็น"),
        ("hz", "图书馆星期日九点开门，下午六点关门。"),
    ],
)
def test_a_common_encoding_wins_and_letters_of_two_scripts_are_no_word(encoding: str, text: str):
    assert parse(text.encode(encoding)).text == text


@pytest.mark.parametrize(
    ("declared", "encoding", "text"),
    [
        ("iso-8859-1", "utf-8", "Grüße kosten 5 € – „so“"),
        ("utf-8", "cp1252", "Grüße kosten 5 €"),
        ("iso-8859-1", "cp1251", "Библиотека открывается в девять часов."),
        ("shift_jis", "utf-8", "図書館は日曜日の九時に開きます。"),
        ("gb2312", "gbk", "图书馆星期日九点开门，朱镕基。"),
    ],
)
def test_a_declaration_that_cannot_be_true_is_not_believed(declared: str, encoding: str, text: str):
    page = f"<html><head><meta charset='{declared}'></head><p>{text}</p>"
    assert parse_html(page.encode(encoding)).text == text


def test_a_charset_behind_a_long_comment_is_found():
    page = f"<head><!-- {'x' * 5000} --><meta charset='koi8-r'></head><p>Да</p>"
    assert parse_html(page.encode("koi8-r")).text == "Да"


def test_a_mark_at_the_start_is_no_part_of_the_text():
    assert decode("\ufeff---\ntitle: X".encode()) == "---\ntitle: X"
