"""The properties of companies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hubbatch.sandbox._standard.contacts import LIFECYCLE_STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TABLES"]

_INDUSTRIES = (
    "ACCOUNTING, AIRLINES_AVIATION, ALTERNATIVE_DISPUTE_RESOLUTION, ALTERNATIVE_MEDICINE, ANIMATION, APPAREL_FASHION, "
    "ARCHITECTURE_PLANNING, ARTS_AND_CRAFTS, AUTOMOTIVE, AVIATION_AEROSPACE, BANKING, BIOTECHNOLOGY, BROADCAST_MEDIA, "
    "BUILDING_MATERIALS, BUSINESS_SUPPLIES_AND_EQUIPMENT, CAPITAL_MARKETS, CHEMICALS, CIVIC_SOCIAL_ORGANIZATION, "
    "CIVIL_ENGINEERING, COMMERCIAL_REAL_ESTATE, COMPUTER_NETWORK_SECURITY, COMPUTER_GAMES, COMPUTER_HARDWARE, "
    "COMPUTER_NETWORKING, COMPUTER_SOFTWARE, INTERNET, CONSTRUCTION, CONSUMER_ELECTRONICS, CONSUMER_GOODS, "
    "CONSUMER_SERVICES, COSMETICS, DAIRY, DEFENSE_SPACE, DESIGN, EDUCATION_MANAGEMENT, E_LEARNING, "
    "ELECTRICAL_ELECTRONIC_MANUFACTURING, ENTERTAINMENT, ENVIRONMENTAL_SERVICES, EVENTS_SERVICES, EXECUTIVE_OFFICE, "
    "FACILITIES_SERVICES, FARMING, FINANCIAL_SERVICES, FINE_ART, FISHERY, FOOD_BEVERAGES, FOOD_PRODUCTION, "
    "FUND_RAISING, FURNITURE, GAMBLING_CASINOS, GLASS_CERAMICS_CONCRETE, GOVERNMENT_ADMINISTRATION, "
    "GOVERNMENT_RELATIONS, GRAPHIC_DESIGN, HEALTH_WELLNESS_AND_FITNESS, HIGHER_EDUCATION, HOSPITAL_HEALTH_CARE, "
    "HOSPITALITY, HUMAN_RESOURCES, IMPORT_AND_EXPORT, INDIVIDUAL_FAMILY_SERVICES, INDUSTRIAL_AUTOMATION, "
    "INFORMATION_SERVICES, INFORMATION_TECHNOLOGY_AND_SERVICES, INSURANCE, INTERNATIONAL_AFFAIRS, "
    "INTERNATIONAL_TRADE_AND_DEVELOPMENT, INVESTMENT_BANKING, INVESTMENT_MANAGEMENT, JUDICIARY, LAW_ENFORCEMENT, "
    "LAW_PRACTICE, LEGAL_SERVICES, LEGISLATIVE_OFFICE, LEISURE_TRAVEL_TOURISM, LIBRARIES, LOGISTICS_AND_SUPPLY_CHAIN, "
    "LUXURY_GOODS_JEWELRY, MACHINERY, MANAGEMENT_CONSULTING, MARITIME, MARKET_RESEARCH, MARKETING_AND_ADVERTISING, "
    "MECHANICAL_OR_INDUSTRIAL_ENGINEERING, MEDIA_PRODUCTION, MEDICAL_DEVICES, MEDICAL_PRACTICE, MENTAL_HEALTH_CARE, "
    "MILITARY, MINING_METALS, MOTION_PICTURES_AND_FILM, MUSEUMS_AND_INSTITUTIONS, MUSIC, NANOTECHNOLOGY, NEWSPAPERS, "
    "NON_PROFIT_ORGANIZATION_MANAGEMENT, OIL_ENERGY, ONLINE_MEDIA, OUTSOURCING_OFFSHORING, PACKAGE_FREIGHT_DELIVERY, "
    "PACKAGING_AND_CONTAINERS, PAPER_FOREST_PRODUCTS, PERFORMING_ARTS, PHARMACEUTICALS, PHILANTHROPY, PHOTOGRAPHY, "
    "PLASTICS, POLITICAL_ORGANIZATION, PRIMARY_SECONDARY_EDUCATION, PRINTING, PROFESSIONAL_TRAINING_COACHING, "
    "PROGRAM_DEVELOPMENT, PUBLIC_POLICY, PUBLIC_RELATIONS_AND_COMMUNICATIONS, PUBLIC_SAFETY, PUBLISHING, "
    "RAILROAD_MANUFACTURE, RANCHING, REAL_ESTATE, RECREATIONAL_FACILITIES_AND_SERVICES, RELIGIOUS_INSTITUTIONS, "
    "RENEWABLES_ENVIRONMENT, RESEARCH, RESTAURANTS, RETAIL, SECURITY_AND_INVESTIGATIONS, SEMICONDUCTORS, "
    "SHIPBUILDING, SPORTING_GOODS, SPORTS, STAFFING_AND_RECRUITING, SUPERMARKETS, TELECOMMUNICATIONS, TEXTILES, "
    "THINK_TANKS, TOBACCO, TRANSLATION_AND_LOCALIZATION, TRANSPORTATION_TRUCKING_RAILROAD, UTILITIES, "
    "VENTURE_CAPITAL_PRIVATE_EQUITY, VETERINARY, WAREHOUSING, WHOLESALE, WINE_AND_SPIRITS, WIRELESS, "
    "WRITING_AND_EDITING, MOBILE_GAMES"
)
_COMPANIES = f"""
name | Company name | text
domain | Company Domain Name | domain
hs_additional_domains | Additional Domains | text
website | Website URL | text
phone | Phone Number | phone
address | Street Address | text
address2 | Street Address 2 | text
city | City | text
state | State/Region | text
zip | Postal Code | text
country | Country/Region | text
hs_country_code | Country/Region Code | text
hs_state_code | State/Region Code | text
timezone | Time Zone | text
description | Description | textarea
about_us | About Us | textarea
industry | Industry | select | {_INDUSTRIES}
type | Type | select | PROSPECT, PARTNER, RESELLER, VENDOR, OTHER
lifecyclestage | Lifecycle Stage | radio | {LIFECYCLE_STAGES}
hs_lead_status | Lead Status | radio | NEW, OPEN, IN_PROGRESS, OPEN_DEAL, UNQUALIFIED, ATTEMPTED_TO_CONTACT, CONNECTED, BAD_TIMING
annualrevenue | Annual Revenue | number
numberofemployees | Number of Employees | number
founded_year | Year Founded | text
is_public | Is Public | bool
total_money_raised | Total Money Raised | text
closedate | Close Date | datetime
facebook_company_page | Facebook Company Page | text
facebookfans | Facebook Fans | number
googleplus_page | Google Plus Page | text
linkedin_company_page | LinkedIn Company Page | text
linkedinbio | LinkedIn Bio | text
twitterhandle | Twitter Handle | text
twitterbio | Twitter Bio | text
twitterfollowers | Twitter Followers | number
web_technologies | Web Technologies | external
hs_keywords | Company Keywords | text
hs_logo_url | Logo URL | text
hs_csm_sentiment | Success status | select | at_risk, neutral, healthy
hs_ideal_customer_profile | Ideal Customer Profile Tier | select | tier_1, tier_2, tier_3
hs_is_target_account | Target Account | bool
hs_target_account | Target Account Tier | select | tier_1, tier_2, tier_3
hs_linkedin_handle | LinkedIn handle | text
hs_quick_context | Quick context | textarea
hs_revenue_range | Revenue range | text
hs_employee_range | Employee range | text
hs_industry_group | Industry group | text
hs_parent_company_id | Parent Company | number
hs_analytics_source | Original Traffic Source | external
hs_analytics_num_page_views | Number of Pageviews | number!
hs_analytics_num_visits | Number of Sessions | number!
hs_num_child_companies | Number of child companies | number!
hs_num_open_deals | Number of open deals | number!
hs_num_decision_makers | Number of decision makers | number!
hs_num_blockers | Number of blockers | number!
hs_total_deal_value | Total open deal value | number!
hs_last_booked_meeting_date | Last Booked Meeting Date | datetime!
hs_last_logged_call_date | Last Logged Call Date | datetime!
hs_last_sales_activity_timestamp | Last Engagement Date | datetime!
num_associated_contacts | Number of Associated Contacts | number!
num_associated_deals | Number of Associated Deals | number!
num_contacted_notes | Number of times contacted | number!
num_notes | Number of Sales Activities | number!
recent_deal_amount | Recent Deal Amount | number!
recent_deal_close_date | Recent Deal Close Date | datetime!
first_contact_createdate | First Contact Create Date | datetime!
first_deal_created_date | First Deal Created Date | datetime!
notes_last_contacted | Last Contacted | datetime!
notes_last_updated | Last Activity Date | datetime!
notes_next_activity_date | Next Activity Date | datetime!
total_revenue | Total Revenue | number!
days_to_close | Days to Close | number!!
"""
TABLES: Mapping[str, str] = {"0-2": _COMPANIES}
