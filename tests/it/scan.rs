//! `mcpclass scan` on saved manifests.

use crate::common::{mcpclass, root, shared, stderr, stdout};

#[test]
fn scan_prints_the_contract_document() {
    let _ = shared("labels");
    let output = mcpclass(&root())
        .args(["scan", "--format", "json", "fixtures/manifests/notes.json"])
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", stderr(&output));
    let report: serde_json::Value = serde_json::from_str(&stdout(&output)).expect("JSON");
    assert_eq!(report["schema"], "mcpclass/1");
    assert_eq!(report["servers"][0]["summary"]["tools"], 4);
}
