"""The properties of activities: notes, tasks, calls, meetings, emails, communications and postal mail."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["TABLES"]

_ALL = """
hs_timestamp | Activity date | datetime
hs_activity_type | Activity type | external
hs_attachment_ids | Attached file IDs | text
hs_at_mentioned_owner_ids | At-Mentioned Owner Ids | external
hs_body_preview | Body preview | text!
hs_body_preview_html | HTML Body Preview | text!
hs_body_preview_is_truncated | Body Preview Truncated | bool!
hs_created_by | Activity created by | number!
hs_modified_by | Updated by | number!
hs_engagement_source | Engagement Source | text
hs_engagement_source_id | Engagement Source ID | text
hs_follow_up_action | Follow up action | text
hs_gdpr_deleted | GDPR deleted | bool!
hs_product_name | Product name | text
hs_queue_membership_ids | Queue Memberships | external
hs_unique_id | Unique ID | text
"""
_NOTES = """
hs_note_body | Note body | html
hs_note_ms_teams_payload | Teams message payload | text
"""
_TASKS = """
hs_task_body | Notes | html
hs_task_subject | Task Title | text
hs_task_status | Task Status | select | NOT_STARTED, IN_PROGRESS, WAITING, COMPLETED, DEFERRED
hs_task_priority | Priority | select | NONE, LOW, MEDIUM, HIGH
hs_task_type | Task Type | select | CALL, EMAIL, LINKED_IN, LINKED_IN_CONNECT, LINKED_IN_MESSAGE, MEETING, TODO
hs_task_reminders | Reminders | text
hs_task_relative_reminders | Relative reminders | text
hs_task_repeat_interval | Repeat interval | text
hs_task_send_default_reminder | Send default reminder | bool
hs_task_template_id | Template ID | number
hs_task_is_all_day | Is all day | bool
hs_task_for_object_type | For object type | select | OWNER, CONTACT, COMPANY, DEAL, TICKET
hs_task_completion_date | Completed at | datetime
hs_task_completion_count | Completion count | number!
hs_task_is_completed | Is completed | number!
hs_task_is_past_due_date | Is past due date | bool!!
hs_task_is_open | Is open | number!
"""
_CALLS = """
hs_call_title | Call Title | text
hs_call_body | Call notes | html
hs_call_direction | Call direction | select | INBOUND, OUTBOUND
hs_call_disposition | Call outcome | external
hs_call_duration | Call duration | number
hs_call_from_number | From Number | text
hs_call_to_number | To Number | text
hs_call_recording_url | Recording URL | text
hs_call_status | Call status | select | BUSY, CALLING_CRM_USER, CANCELED, COMPLETED, CONNECTING, FAILED, IN_PROGRESS, MISSED, NO_ANSWER, QUEUED, RINGING
hs_call_source | Call source | text
hs_call_callee_object_id | Callee object id | number
hs_call_callee_object_type | Callee object type | text
hs_call_callee_object_type_id | Callee object type id | text
hs_call_app_id | Calling App Id | number
hs_call_external_id | Calling App Call Id | text
hs_call_video_recording_url | Video recording URL | text
hs_call_has_transcript | Transcript Available | bool!
hs_call_summary | Call summary | html
"""
_MEETINGS = """
hs_meeting_title | Meeting name | text
hs_meeting_body | Meeting description | html
hs_internal_meeting_notes | Internal meeting notes | html
hs_meeting_external_url | External URL | text
hs_meeting_location | Location | text
hs_meeting_location_type | Location type | select | PHONE, ADDRESS, CUSTOM
hs_meeting_start_time | Meeting start time | datetime
hs_meeting_end_time | Meeting end time | datetime
hs_meeting_outcome | Meeting outcome | select | SCHEDULED, COMPLETED, RESCHEDULED, NO_SHOW, CANCELED
hs_meeting_source | Meeting source | text
hs_meeting_source_id | Meeting Source ID | text
hs_meeting_created_from_link_id | Created from link ID | text
hs_meeting_web_conference_meeting_id | Web conference meeting ID | text
hs_guest_emails | Guest emails | text
hs_i_cal_uid | iCal UID | text
hs_include_description_in_reminder | Include description in reminder | bool
hs_contact_first_outreach_date | Contact first outreach date | datetime!
hs_time_to_book_meeting_from_first_contact | Time to book meeting | number!!
"""
_EMAILS = """
hs_email_subject | Email subject | text
hs_email_text | Email text | textarea
hs_email_html | Email HTML | html
hs_email_headers | Email headers | text
hs_email_direction | Email direction | select | EMAIL, INCOMING_EMAIL, FORWARDED_EMAIL, DRAFT_EMAIL
hs_email_status | Email send status | select | BOUNCED, FAILED, SCHEDULED, SENDING, SENT
hs_email_from_email | Email from address | text
hs_email_from_firstname | Email from first name | text
hs_email_from_lastname | Email from last name | text
hs_email_to_email | Email to address | text
hs_email_to_firstname | Email to first name | text
hs_email_to_lastname | Email to last name | text
hs_email_cc_email | Email cc address | text
hs_email_bcc_email | Email bcc address | text
hs_email_message_id | Email message ID | text
hs_email_thread_id | Email thread ID | text
hs_email_tracker_key | Email tracker key | text
hs_email_sent_via | Email sent via | text
hs_email_attached_video_id | Attached video ID | text
hs_email_logged_from | Logged from | text
hs_email_open_count | Number of email opens | number!
hs_email_click_count | Number of email clicks | number!
hs_email_reply_count | Number of email replies | number!
hs_email_open_rate | Email open rate | number!!
hs_email_click_rate | Email click rate | number!!
"""
_COMMUNICATIONS = """
hs_communication_body | Communication body | html
hs_communication_channel_type | Channel type | select | WHATS_APP, LINKEDIN_MESSAGE, SMS, CUSTOM_CHANNEL_CONVERSATION
hs_communication_logged_from | Logged from | select | CRM, CONVERSATION
"""
_POSTAL_MAIL = """
hs_postal_mail_body | Postal mail body | html
"""
_OWN: Mapping[str, str] = {
    "0-46": _NOTES,
    "0-27": _TASKS,
    "0-48": _CALLS,
    "0-47": _MEETINGS,
    "0-49": _EMAILS,
    "0-18": _COMMUNICATIONS,
    "0-116": _POSTAL_MAIL,
}
TABLES: Mapping[str, str] = {type_id: _ALL + own for type_id, own in _OWN.items()}
