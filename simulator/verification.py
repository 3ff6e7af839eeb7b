"""The verification of regulated orders, which getOrderRegulatedInfo tells and updateVerificationStatus sets.

Source: the definitions of the model ordersV0.json and the refusals of its sandbox, whose words those here
have. Every regulated order of the simulation is one of a pet's prescription. Pure.
"""

from __future__ import annotations

from typing import Any

from simulator.errors import ApiError, not_found
from simulator.order_book import Order
from simulator.times import time

_REASONS = {
    "shield_pom_vps_reject_incorrect_weight": "Incorrect weight",
    "shield_pom_vps_reject_other": "Another reason",
}
_INTERIM_CODES = {"vet_contacted_email": "The vet was asked by e-mail"}
# The status in which each detail may be given.
_DETAILS = {
    "prescriptionDetail": "Approved",
    "approvedAlternativeDetails": "Rejected",
    "interimStatusDetail": "Pending",
}
_PRESCRIPTION = (
    *("prescriptionId", "expirationDate", "writtenQuantity", "totalRefillsAuthorized", "refillsRemaining"),
    *("clinicId", "usageInstructions"),
)
_REVIEWED = ("Approved", "Rejected")


def regulated_info(order: Order) -> dict[str, object]:
    """`OrderRegulatedInfo` of the model; ApiError 404 for an order that is not regulated."""
    if not order.regulated:
        raise not_found(f"order {order.order_id} has no regulated information")
    status = order.verification.get("Status", "Pending")
    return {
        "AmazonOrderId": order.order_id,
        "RequiresDosageLabel": False,
        "RegulatedInformation": {
            "Fields": [
                {
                    "FieldId": "pet_prescription_name",
                    "FieldLabel": "Name",
                    "FieldType": "Text",
                    "FieldValue": "Ruffus",
                }
            ]
        },
        "RegulatedOrderVerificationStatus": {
            "Status": status,
            "RequiresMerchantAction": status == "Pending",
            "ValidRejectionReasons": [_reason(name) for name in _REASONS],
            "ValidVerificationDetails": [
                {"VerificationDetailType": name, "ValidVerificationStatuses": [valid]}
                for name, valid in _DETAILS.items()
            ],
            "ValidInterimStatusCodes": [
                {"StatusCode": code, "StatusDescription": text} for code, text in _INTERIM_CODES.items()
            ],
            **{name: value for name, value in order.verification.items() if name != "Status"},
        },
    }


def verify(order: Order, body: dict[str, Any], now: float) -> None:
    """Raises ApiError 404 for an order that is not regulated, 400 for what is wrong with the request."""
    if not order.regulated:
        raise not_found(f"order {order.order_id} has no regulated information")
    given = body.get("regulatedOrderVerificationStatus")
    if not isinstance(given, dict):
        raise _refused("Missing request parameter: regulatedOrderVerificationStatus.")
    details = given.get("verificationDetails") or {}
    if not isinstance(details, dict):
        raise _refused("Invalid request parameter `verificationDetails`.")
    status = given.get("status") or "Approved"
    _check_status(status, given, details)
    _check_details(status, details)
    said: dict[str, object] = {"Status": status, "ExternalReviewerId": given["externalReviewerId"]}
    if status in _REVIEWED:
        said["ReviewDate"] = time(now)
    if status == "Rejected":
        said["RejectionReason"] = _reason(given["rejectionReasonId"])
    order.verification = said
    order.updated_at = now


def _check_status(status: object, given: dict[str, Any], details: dict[str, Any]) -> None:
    if status not in (*_REVIEWED, *(["Pending"] if "interimStatusDetail" in details else [])):
        raise _refused("Invalid request parameter `status`. Must be one of [Approved, Rejected].")
    if not isinstance(given.get("externalReviewerId"), str):
        raise _refused("Missing request parameter: externalReviewerId.")
    if status == "Rejected" and given.get("rejectionReasonId") not in _REASONS:
        raise _refused("Missing request parameter: rejectionReasonId.")


def _check_details(status: object, details: dict[str, Any]) -> None:
    for name in details:
        if _DETAILS.get(name) != status:
            raise _refused(f"Verification Detail `{name}` is not supported when order is in {status} status.")
    prescription = details.get("prescriptionDetail")
    if prescription is not None:
        missing = [name for name in _PRESCRIPTION if name not in dict(prescription)]
        if missing:
            text = "Missing required parameter(s) from prescriptionDetail value: "
            raise _refused(text + ", ".join(missing))


def _reason(name: str) -> dict[str, object]:
    return {"RejectionReasonId": name, "RejectionReasonDescription": _REASONS[name]}


def _refused(message: str) -> ApiError:
    return ApiError(400, "InvalidInput", message)
