"""A text in another language than the buyer's is told where that can be told, and nowhere else."""

from __future__ import annotations

import pytest

from sellerbus.messaging.finding import WARNING
from sellerbus.messaging.language import language_finding

TEXTS = {
    "English": "We have received your order, but the item is not in stock. Would you like to wait for it?",
    "German": "Wir haben Ihre Bestellung erhalten, aber der Artikel ist nicht auf Lager. Möchten Sie warten?",
    "French": "Nous avons reçu votre commande, mais l'article n'est pas en stock. Voulez-vous attendre ?",
    "Spanish": "Hemos recibido su pedido, pero el artículo no está en el almacén. ¿Desea esperar por él?",
    "Italian": "Abbiamo ricevuto il suo ordine, ma l'articolo non è in magazzino e la consegna è in ritardo.",
    "Dutch": "Wij hebben uw bestelling ontvangen, maar het artikel is niet op voorraad. Kunt u wachten?",
    "Polish": "Otrzymaliśmy zamówienie, ale towaru nie ma. Prosimy o wiadomość, czy to jest możliwe.",
    "Portuguese": "Recebemos o seu pedido, mas o artigo não está em stock. Você quer esperar por ele ou não?",
    "Swedish": "Vi har fått din beställning, men varan är inte i lager. Kan du vänta på den till våren?",
    "Turkish": "Siparişiniz için çok teşekkür ederiz, ancak ürün stokta değil. Lütfen biz ile konuşun.",
    "Japanese": "ご注文ありがとうございます。商品の在庫がございません。お待ちいただけますか。",
    "Chinese": "感谢您的订购。很抱歉商品目前缺货。请问您是否愿意等待。",
    "Arabic": "لقد استلمنا طلبك، لكن المنتج غير متوفر في المخزون حاليا.",
    "Hebrew": "קיבלנו את ההזמנה שלך אבל המוצר אינו במלאי כרגע",
    "Korean": "주문해 주셔서 감사합니다. 상품이 현재 품절되었습니다.",
}
LOCALES = {
    "English": "en-US",
    "German": "de-DE",
    "French": "fr-CA",
    "Spanish": "es-MX",
    "Italian": "it-IT",
    "Dutch": "nl-BE",
    "Polish": "pl-PL",
    "Portuguese": "pt-BR",
    "Swedish": "sv-SE",
    "Turkish": "tr-TR",
    "Japanese": "ja-JP",
    "Chinese": "zh-CN",
    "Arabic": "ar-AE",
    "Hebrew": "he-IL",
    "Korean": "ko-KR",
}


@pytest.mark.parametrize("wanted", LOCALES)
@pytest.mark.parametrize("written", TEXTS)
def test_each_language_is_told_from_each_other(written: str, wanted: str) -> None:
    finding = language_finding(TEXTS[written], LOCALES[wanted])
    if written == wanted:
        assert finding is None
        return
    assert finding is not None
    assert (finding.rule, finding.field, finding.severity) == ("language", "text", WARNING)
    assert f"the buyer's language is {wanted} ({LOCALES[wanted]})" in finding.text
    assert f"seems to be in {written}" in finding.text


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        (TEXTS["English"], None),
        (TEXTS["English"], ""),
        (TEXTS["English"], "xx-XX"),
        ("OK, thank you", "de-DE"),
        ("902-6786204-8179805 / ABC-123", "ja-JP"),
        ("https://www.example.com/the/and/you/your/is/are/for/to?of=we&have=with", "de-DE"),
        ("Super Ultra Fast Charging Cable Deluxe Edition Black 2 m", "de-DE"),
        ("Děkujeme za objednávku, zboží bohužel není skladem a čekáme na dodávku.", "cs-CZ"),
        ("商品名: Super Ultra Fast Charging Cable Deluxe です。ご確認ください。", "ja-JP"),
        ("Danke, Ihre Bestellung „The Lord of the Rings“ ist bei uns und wird heute verschickt.", "de-DE"),
    ],
)
def test_nothing_is_said_where_it_cannot_be_told(text: str, locale: str | None) -> None:
    assert language_finding(text, locale) is None


@pytest.mark.parametrize("locale", ["de", "de_DE", "DE-de", "de-Latn-DE"])
def test_locales_may_be_written_in_several_ways(locale: str) -> None:
    assert language_finding(TEXTS["English"], locale) is not None
    assert language_finding(TEXTS["German"], locale) is None


@pytest.mark.parametrize(
    ("text", "locale", "told"),
    [
        ("Спасибо за ваш заказ, к сожалению товара нет в наличии.", "en-US", "Cyrillic letters"),
        ("Děkujeme za objednávku, zboží bohužel není skladem.", "ja-JP", "Latin letters"),
    ],
)
def test_letters_tell_where_words_do_not(text: str, locale: str, told: str) -> None:
    finding = language_finding(text, locale)
    assert finding is not None
    assert f"seems to be in {told}" in finding.text
