"""Themes of the directory 领域: the fields by which China's open data platforms sort, and the EU's data themes."""

from enum import StrEnum


class Theme(StrEnum):
    """The field of life that a resource belongs to."""

    credit = "credit"
    health = "health"
    employment = "employment"
    safety = "public-safety"
    housing = "housing"
    transport = "transport"
    education = "education"
    science = "science"
    resources = "resources"
    environment = "environment"
    production = "production"
    commerce = "commerce"
    finance = "finance"
    work_safety = "work-safety"
    market = "market"
    assistance = "assistance"
    justice = "justice"
    life = "life"
    weather = "weather"
    geography = "geography"
    organisations = "organisations"
    population = "population"


# Chinese name, English name, code in the EU's authority table "data-theme".
THEMES: dict[Theme, tuple[str, str, str]] = {
    Theme.credit: ("信用服务", "Credit", "ECON"),
    Theme.health: ("医疗卫生", "Health", "HEAL"),
    Theme.employment: ("社保就业", "Social security and employment", "SOCI"),
    Theme.safety: ("公共安全", "Public safety", "JUST"),
    Theme.housing: ("城建住房", "Building and housing", "REGI"),
    Theme.transport: ("交通运输", "Transport", "TRAN"),
    Theme.education: ("教育文化", "Education and culture", "EDUC"),
    Theme.science: ("科技创新", "Science and innovation", "TECH"),
    Theme.resources: ("资源能源", "Resources and energy", "ENER"),
    Theme.environment: ("生态环境", "Environment", "ENVI"),
    Theme.production: ("工业农业", "Industry and agriculture", "AGRI"),
    Theme.commerce: ("商贸流通", "Trade", "ECON"),
    Theme.finance: ("财税金融", "Taxes and finance", "ECON"),
    Theme.work_safety: ("安全生产", "Safety at work", "SOCI"),
    Theme.market: ("市场监管", "Market supervision", "ECON"),
    Theme.assistance: ("社会救助", "Social assistance", "SOCI"),
    Theme.justice: ("法律服务", "Legal services", "JUST"),
    Theme.life: ("生活服务", "Everyday services", "SOCI"),
    Theme.weather: ("气象服务", "Weather", "ENVI"),
    Theme.geography: ("地理空间", "Geography", "REGI"),
    Theme.organisations: ("机构团体", "Organisations", "GOVE"),
    Theme.population: ("人口", "Population", "SOCI"),
}
