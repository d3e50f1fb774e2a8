"""How languages and countries write numbers, money and dates, as far as format functions need it.

Written down from what Windows shows for each culture. A culture is asked for as `de-DE` or `de_DE`, in any case.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from livemerge.template.dates import DAYS, MONTHS

_NBSP = "\u00a0"


@dataclass(frozen=True, slots=True)
class Culture:
    """One culture. In currency patterns `n` is the number and `$` the symbol; dates are .NET patterns."""

    decimal: str = "."
    group: str = ","
    group_digits: int = 3  # of each group in front of the last, which has three
    symbol: str = "$"
    money: str = "$n"
    debt: str = "($n)"
    percent: str = "n%"
    money_digits: int = 2
    short_date: str = "M/d/yyyy"
    long_date: str = "dddd, MMMM d, yyyy"
    short_time: str = "h:mm tt"
    long_time: str = "h:mm:ss tt"
    month_day: str = "MMMM d"
    year_month: str = "MMMM yyyy"
    months: tuple[str, ...] = field(default_factory=lambda: tuple(MONTHS))
    months_of_dates: tuple[str, ...] = ()  # as declined beside a day; empty: no other
    short_months: tuple[str, ...] = ()
    days: tuple[str, ...] = field(default_factory=lambda: tuple(DAYS))
    short_days: tuple[str, ...] = ()
    halves: tuple[str, str] = ("AM", "PM")

    def month(self, number: int, *, beside_day: bool = False) -> str:
        return (self.months_of_dates if beside_day and self.months_of_dates else self.months)[number - 1]

    def short_month(self, number: int) -> str:
        return self.short_months[number - 1] if self.short_months else self.months[number - 1][:3]

    def day(self, weekday: int) -> str:
        return self.days[weekday]

    def short_day(self, weekday: int) -> str:
        return self.short_days[weekday] if self.short_days else self.days[weekday][:3]


_US = Culture()
_GB = replace(
    _US,
    symbol="£",
    debt="-$n",
    short_date="dd/MM/yyyy",
    long_date="dd MMMM yyyy",
    short_time="HH:mm",
    long_time="HH:mm:ss",
    month_day="d MMMM",
    halves=("AM", "PM"),
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(" "))


_DE = Culture(
    decimal=",",
    group=".",
    symbol="€",
    money="n $",
    debt="-n $",
    percent="n %",
    short_date="dd.MM.yyyy",
    long_date="dddd, d. MMMM yyyy",
    short_time="HH:mm",
    long_time="HH:mm:ss",
    month_day="d. MMMM",
    months=_words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
    short_months=_words("Jan Feb Mrz Apr Mai Jun Jul Aug Sep Okt Nov Dez"),
    days=_words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
    short_days=_words("Mo Di Mi Do Fr Sa So"),
    halves=("", ""),
)
_FR = replace(
    _DE,
    group=_NBSP,
    short_date="dd/MM/yyyy",
    long_date="dddd d MMMM yyyy",
    month_day="d MMMM",
    months=_words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
    short_months=_words("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc."),
    days=_words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
    short_days=_words("lun. mar. mer. jeu. ven. sam. dim."),
)
_ES = replace(
    _DE,
    short_date="dd/MM/yyyy",
    long_date="dddd, d' de 'MMMM' de 'yyyy",
    month_day="d 'de' MMMM",
    year_month="MMMM' de 'yyyy",
    short_time="H:mm",
    long_time="H:mm:ss",
    months=_words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
    short_months=_words("ene. feb. mar. abr. may. jun. jul. ago. sep. oct. nov. dic."),
    days=_words("lunes martes miércoles jueves viernes sábado domingo"),
    short_days=_words("lun. mar. mié. jue. vie. sáb. dom."),
)
_IT = replace(
    _DE,
    percent="n%",
    short_date="dd/MM/yyyy",
    long_date="dddd d MMMM yyyy",
    month_day="d MMMM",
    months=_words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
    short_months=_words("gen feb mar apr mag giu lug ago set ott nov dic"),
    days=_words("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
    short_days=_words("lun mar mer gio ven sab dom"),
)
_PT = replace(
    _DE,
    symbol="€",
    percent="n%",
    group=_NBSP,
    short_date="dd/MM/yyyy",
    long_date="d 'de' MMMM 'de' yyyy",
    month_day="d 'de' MMMM",
    year_month="MMMM 'de' yyyy",
    months=_words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
    short_months=_words("jan fev mar abr mai jun jul ago set out nov dez"),
    days=_words("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
    short_days=_words("segunda terça quarta quinta sexta sábado domingo"),
)
_BR = replace(
    _PT,
    group=".",
    symbol="R$",
    money="$ n",
    debt="-$ n",
    long_date="dddd, d 'de' MMMM 'de' yyyy",
    short_days=_words("seg ter qua qui sex sáb dom"),
)
_NL = replace(
    _DE,
    money="$ n",
    debt="$ -n",
    percent="n%",
    short_date="d-M-yyyy",
    long_date="dddd d MMMM yyyy",
    month_day="d MMMM",
    months=_words("januari februari maart april mei juni juli augustus september oktober november december"),
    short_months=_words("jan feb mrt apr mei jun jul aug sep okt nov dec"),
    days=_words("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
    short_days=_words("ma di wo do vr za zo"),
)
_SV = replace(
    _DE,
    group=_NBSP,
    symbol="kr",
    short_date="yyyy-MM-dd",
    long_date="'den 'd MMMM yyyy",
    month_day="'den 'd MMMM",
    months=_words("januari februari mars april maj juni juli augusti september oktober november december"),
    short_months=_words("jan feb mar apr maj jun jul aug sep okt nov dec"),
    days=_words("måndag tisdag onsdag torsdag fredag lördag söndag"),
    short_days=_words("mån tis ons tor fre lör sön"),
)
_DA = replace(
    _DE,
    symbol="kr.",
    short_date="dd-MM-yyyy",
    long_date="d. MMMM yyyy",
    months=_words("januar februar marts april maj juni juli august september oktober november december"),
    short_months=_words("jan feb mar apr maj jun jul aug sep okt nov dec"),
    days=_words("mandag tirsdag onsdag torsdag fredag lørdag søndag"),
    short_days=_words("ma ti on to fr lø sø"),
)
_NB = replace(
    _DA,
    group=_NBSP,
    symbol="kr",
    money="$ n",
    debt="-$ n",
    short_date="dd.MM.yyyy",
    long_date="dddd d. MMMM yyyy",
    months=_words("januar februar mars april mai juni juli august september oktober november desember"),
    short_months=_words("jan feb mar apr mai jun jul aug sep okt nov des"),
    short_days=_words("man tir ons tor fre lør søn"),
)
_FI = replace(
    _DE,
    group=_NBSP,
    short_date="d.M.yyyy",
    long_date="dddd d. MMMM yyyy",
    short_time="H.mm",
    long_time="H.mm.ss",
    months=_words(
        "tammikuu helmikuu maaliskuu huhtikuu toukokuu kesäkuu heinäkuu elokuu syyskuu lokakuu marraskuu joulukuu"
    ),
    months_of_dates=_words(
        "tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta "
        "marraskuuta joulukuuta"
    ),
    short_months=_words("tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu"),
    days=_words("maanantai tiistai keskiviikko torstai perjantai lauantai sunnuntai"),
    short_days=_words("ma ti ke to pe la su"),
)
_PL = replace(
    _DE,
    group=_NBSP,
    symbol="zł",
    percent="n%",
    short_date="dd.MM.yyyy",
    long_date="d MMMM yyyy",
    month_day="d MMMM",
    months=_words("styczeń luty marzec kwiecień maj czerwiec lipiec sierpień wrzesień październik listopad grudzień"),
    months_of_dates=_words(
        "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"
    ),
    short_months=_words("sty lut mar kwi maj cze lip sie wrz paź lis gru"),
    days=_words("poniedziałek wtorek środa czwartek piątek sobota niedziela"),
    short_days=_words("pon. wt. śr. czw. pt. sob. niedz."),
)
_CS = replace(
    _DE,
    group=_NBSP,
    symbol="Kč",
    short_date="dd.MM.yyyy",
    long_date="dddd d. MMMM yyyy",
    short_time="H:mm",
    long_time="H:mm:ss",
    months=_words("leden únor březen duben květen červen červenec srpen září říjen listopad prosinec"),
    months_of_dates=_words("ledna února března dubna května června července srpna září října listopadu prosince"),
    short_months=_words("I II III IV V VI VII VIII IX X XI XII"),
    days=_words("pondělí úterý středa čtvrtek pátek sobota neděle"),
    short_days=_words("po út st čt pá so ne"),
)
_RU = replace(
    _DE,
    group=_NBSP,
    symbol="₽",
    percent="n%",
    short_date="dd.MM.yyyy",
    long_date="d MMMM yyyy 'г.'",
    month_day="d MMMM",
    short_time="H:mm",
    long_time="H:mm:ss",
    months=_words("Январь Февраль Март Апрель Май Июнь Июль Август Сентябрь Октябрь Ноябрь Декабрь"),
    months_of_dates=_words("января февраля марта апреля мая июня июля августа сентября октября ноября декабря"),
    short_months=_words("янв фев мар апр май июн июл авг сен окт ноя дек"),
    days=_words("понедельник вторник среда четверг пятница суббота воскресенье"),
    short_days=_words("Пн Вт Ср Чт Пт Сб Вс"),
)
_UK = replace(
    _RU,
    symbol="₴",
    money="n$",
    debt="-n$",
    long_date="d MMMM yyyy' р.'",
    months=_words("січень лютий березень квітень травень червень липень серпень вересень жовтень листопад грудень"),
    months_of_dates=_words("січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня"),
    short_months=_words("січ лют бер кві тра чер лип сер вер жов лис гру"),
    days=_words("понеділок вівторок середа четвер п'ятниця субота неділя"),
    short_days=_words("Пн Вт Ср Чт Пт Сб Нд"),
)
_TR = replace(
    _DE,
    symbol="₺",
    money="$n",
    debt="-$n",
    percent="%n",
    short_date="d.MM.yyyy",
    long_date="d MMMM yyyy dddd",
    month_day="d MMMM",
    months=_words("Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık"),
    short_months=_words("Oca Şub Mar Nis May Haz Tem Ağu Eyl Eki Kas Ara"),
    days=_words("Pazartesi Salı Çarşamba Perşembe Cuma Cumartesi Pazar"),
    short_days=_words("Pzt Sal Çar Per Cum Cmt Paz"),
)
_JA = replace(
    _US,
    symbol="¥",
    debt="-$n",
    money_digits=0,
    short_date="yyyy/MM/dd",
    long_date="yyyy'年'M'月'd'日'",
    short_time="H:mm",
    long_time="H:mm:ss",
    month_day="M月d日",
    year_month="yyyy'年'M'月'",
    months=tuple(f"{number}月" for number in range(1, 13)),
    short_months=tuple(str(number) for number in range(1, 13)),
    days=_words("月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日"),
    short_days=_words("月 火 水 木 金 土 日"),
    halves=("午前", "午後"),
)
_ZH = replace(
    _JA,
    money_digits=2,
    debt="$-n",
    short_date="yyyy/M/d",
    months=_words("一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月"),
    short_months=tuple(f"{number}月" for number in range(1, 13)),
    days=_words("星期一 星期二 星期三 星期四 星期五 星期六 星期日"),
    short_days=_words("周一 周二 周三 周四 周五 周六 周日"),
    halves=("上午", "下午"),
)
_KO = replace(
    _JA,
    symbol="₩",
    short_date="yyyy-MM-dd",
    long_date="yyyy'년 'M'월 'd'일 'dddd",
    short_time="tt h:mm",
    long_time="tt h:mm:ss",
    month_day="M월 d일",
    year_month="yyyy'년 'M'월'",
    months=tuple(f"{number}월" for number in range(1, 13)),
    days=_words("월요일 화요일 수요일 목요일 금요일 토요일 일요일"),
    short_days=_words("월 화 수 목 금 토 일"),
    halves=("오전", "오후"),
)
_CH = replace(_DE, group="’", decimal=".", symbol="CHF", money="$ n", debt="$-n", percent="n%")
_AU = replace(
    _GB,
    symbol="$",
    short_date="d/MM/yyyy",
    long_date="dddd, d MMMM yyyy",
    short_time="h:mm tt",
    long_time="h:mm:ss tt",
)
_IN = replace(_GB, group_digits=2, symbol="₹", debt="-$n", short_date="dd-MM-yyyy", long_date="dd MMMM yyyy")
_HI = replace(
    _IN,
    months=_words("जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितम्बर अक्तूबर नवम्बर दिसम्बर"),
    short_months=_words("जनवरी फरवरी मार्च अप्रैल मई जून जुलाई अगस्त सितम्बर अक्तूबर नवम्बर दिसम्बर"),
    days=_words("सोमवार मंगलवार बुधवार गुरुवार शुक्रवार शनिवार रविवार"),
    short_days=_words("सोम. मंगल. बुध. गुरु. शुक्र. शनि. रवि."),
    halves=("पूर्वाह्न", "अपराह्न"),
)

CULTURES: Final[dict[str, Culture]] = {
    "en-us": _US,
    "en-gb": _GB,
    "en-ie": replace(_GB, symbol="€", long_date="dddd d MMMM yyyy"),
    "en-au": _AU,
    "en-nz": replace(_AU, halves=("a.m.", "p.m.")),
    "en-ca": replace(_US, debt="-$n", short_date="yyyy-MM-dd", long_date="MMMM d, yyyy", halves=("a.m.", "p.m.")),
    "en-in": _IN,
    "en-za": replace(
        _GB, symbol="R", decimal=",", group=_NBSP, short_date="yyyy/MM/dd", long_date="dddd, dd MMMM yyyy"
    ),
    "en-sg": replace(_AU, short_date="d/M/yyyy"),
    "hi-in": _HI,
    "de-de": _DE,
    "de-at": replace(
        _DE,
        group=_NBSP,
        money="$ n",
        debt="-$ n",
        months=("Jänner", *_DE.months[1:]),
        short_months=("Jän", *_DE.short_months[1:]),
    ),
    "de-ch": _CH,
    "fr-fr": _FR,
    "fr-be": replace(_FR, short_date="dd-MM-yy"),
    "fr-ca": replace(_FR, symbol="$", short_date="yyyy-MM-dd", long_date="d MMMM yyyy", debt="(n $)"),
    "fr-ch": replace(_FR, decimal=",", symbol="CHF", short_date="dd.MM.yyyy", percent="n%"),
    "es-es": _ES,
    "es-mx": replace(
        _ES,
        decimal=".",
        group=",",
        symbol="$",
        money="$n",
        debt="-$n",
        percent="n%",
        short_time="hh:mm tt",
        long_time="hh:mm:ss tt",
        halves=("a. m.", "p. m."),
        short_months=tuple(month.rstrip(".") for month in _ES.short_months),
    ),
    "es-ar": replace(_ES, symbol="$", money="$ n", debt="-$ n", short_date="d/M/yyyy"),
    "es-cl": replace(_ES, symbol="$", money="$n", debt="-$n", short_date="dd-MM-yyyy", money_digits=0),
    "es-co": replace(
        _ES,
        symbol="$",
        money="$ n",
        debt="-$ n",
        short_date="d/MM/yyyy",
        short_time="h:mm tt",
        long_time="h:mm:ss tt",
        halves=("a. m.", "p. m."),
    ),
    "it-it": _IT,
    "it-ch": replace(_IT, decimal=".", group="’", symbol="CHF", money="$ n", debt="$-n", short_date="dd.MM.yyyy"),
    "pt-pt": _PT,
    "pt-br": _BR,
    "nl-nl": _NL,
    "nl-be": replace(_NL, short_date="d/MM/yyyy"),
    "sv-se": _SV,
    "da-dk": _DA,
    "nb-no": _NB,
    "no-no": _NB,
    "fi-fi": _FI,
    "pl-pl": _PL,
    "cs-cz": _CS,
    "ru-ru": _RU,
    "uk-ua": _UK,
    "tr-tr": _TR,
    "ja-jp": _JA,
    "zh-cn": _ZH,
    "zh-tw": replace(
        _ZH,
        symbol="NT$",
        debt="-$n",
        short_time="tt hh:mm",
        long_time="tt hh:mm:ss",
        short_days=_words("週一 週二 週三 週四 週五 週六 週日"),
    ),
    "ko-kr": _KO,
}
_BY_LANGUAGE = {name.split("-")[0]: culture for name, culture in reversed(CULTURES.items())}


def culture_of(name: str) -> Culture | None:
    """The culture of a name, or of its language alone; None for an unknown one."""
    found = name.strip().lower().replace("_", "-")[:40]
    return CULTURES.get(found) or (_BY_LANGUAGE.get(found) if "-" not in found else None)
