package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"
)

const name = "go"

var partitions = map[string]string{"us-east-1": "aws", "cn-north-1": "aws-cn", "us-gov-west-1": "aws-us-gov"}

// story is what the steps know of each other.
type story struct {
	ctx        context.Context
	kms        *kms.Client
	material   []byte
	key        types.KeyMetadata // of the key with imported material
	materialID string
	sealed     []byte
	deletion   time.Time
	own        types.KeyMetadata // of the key with Trent's material
}

func newStory(client *kms.Client) []step {
	s := &story{ctx: context.Background(), kms: remember(client), material: random(32)}
	return []step{
		{"create", s.create},
		{"encrypt_before_import", s.encryptBeforeImport},
		{"parameters", s.parameters},
		{"import", s.importFirst},
		{"encrypt_and_decrypt", s.encryptAndDecrypt},
		{"delete_material", s.deleteMaterial},
		{"decrypt_without_material", s.decryptWithoutMaterial},
		{"import_other_material", s.importOtherMaterial},
		{"import_again", s.importAgain},
		{"decrypt_again", s.decryptAgain},
		{"schedule_deletion", s.scheduleDeletion},
		{"delete_material_while_pending", s.deleteMaterialWhilePending},
		{"cancel", s.cancel},
		{"enable_refused", s.enableRefused},
		{"cancel_twice", s.cancelTwice},
		{"import_after_cancel", s.importAfterCancel},
		{"own_key", s.ownKey},
		{"own_material", s.ownMaterial},
		{"not_found", s.notFound},
		{"invalid_arn", s.invalidARN},
		{"aliases", s.aliases},
		{"paginator", s.paginator},
		{"cancelled_call", s.cancelledCall},
	}
}

func (s *story) create() {
	s.key = *must(s.kms.CreateKey(s.ctx, &kms.CreateKeyInput{
		Origin: types.OriginTypeExternal, Description: aws.String("story"),
		Tags: []types.Tag{{TagKey: aws.String("client"), TagValue: aws.String(name)}},
	})).KeyMetadata
	region := s.kms.Options().Region
	same("Arn", *s.key.Arn, fmt.Sprintf("arn:%s:kms:%s:%s:key/%s", partitions[region], region, *s.key.AWSAccountId, *s.key.KeyId))
	same("KeyState", s.key.KeyState, types.KeyStatePendingImport)
	same("Enabled", s.key.Enabled, false)
	same("Origin", s.key.Origin, types.OriginTypeExternal)
	same("Description", aws.ToString(s.key.Description), "story")
	same("MultiRegion", aws.ToBool(s.key.MultiRegion), false)
	holds("CurrentKeyMaterialId is there", s.key.CurrentKeyMaterialId == nil)
	same("ExpirationModel", s.key.ExpirationModel, "")
	holds("ValidTo is there", s.key.ValidTo == nil)
	ahead("CreationDate", s.key.CreationDate, 0)
	holds("DescribeKey tells otherwise", reflect.DeepEqual(s.describe(s.key), s.key))
}

func (s *story) encryptBeforeImport() {
	_, err := s.kms.Encrypt(s.ctx, &kms.EncryptInput{KeyId: s.key.KeyId, Plaintext: []byte("x")})
	refused[*types.KMSInvalidStateException](err, *s.key.Arn+" is pending import.")
}

func (s *story) parameters() {
	given := must(s.kms.GetParametersForImport(s.ctx, &kms.GetParametersForImportInput{
		KeyId: s.key.KeyId, WrappingAlgorithm: types.AlgorithmSpecRsaesOaepSha256, WrappingKeySpec: types.WrappingKeySpecRsa2048,
	}))
	same("KeyId", *given.KeyId, *s.key.Arn)
	same("the size of PublicKey", must(x509.ParsePKIXPublicKey(given.PublicKey)).(*rsa.PublicKey).N.BitLen(), 2048)
	holds("ImportToken is empty", len(given.ImportToken) > 0)
	holds("ImportToken is longer than 6144 bytes", len(given.ImportToken) <= 6144)
	ahead("ParametersValidTo", given.ParametersValidTo, 24*time.Hour)
}

func (s *story) importFirst() {
	answer := must(s.importMaterial(s.key.KeyId, s.material, nil))
	s.materialID = *answer.KeyMaterialId
	holds("KeyMaterialId is "+s.materialID, regexp.MustCompile("^[0-9a-f]{64}$").MatchString(s.materialID))
	same("KeyId", *answer.KeyId, *s.key.Arn)
	told := s.describe(s.key)
	same("KeyState", told.KeyState, types.KeyStateEnabled)
	same("Enabled", told.Enabled, true)
	same("CurrentKeyMaterialId", aws.ToString(told.CurrentKeyMaterialId), s.materialID)
	same("ExpirationModel", told.ExpirationModel, types.ExpirationModelTypeKeyMaterialDoesNotExpire)
	holds("ValidTo is there", told.ValidTo == nil)
}

func (s *story) encryptAndDecrypt() {
	answer := must(s.kms.Encrypt(s.ctx, &kms.EncryptInput{
		KeyId: s.key.Arn, Plaintext: []byte("the secret"), EncryptionContext: map[string]string{"a": "1", "ключ": "значение"},
	}))
	same("KeyId", *answer.KeyId, *s.key.Arn)
	s.sealed = answer.CiphertextBlob
	opened := must(s.decrypt())
	same("Plaintext", string(opened.Plaintext), "the secret")
	same("KeyId", *opened.KeyId, *s.key.Arn)
	same("KeyMaterialId", aws.ToString(opened.KeyMaterialId), s.materialID)
	_, err := s.kms.Decrypt(s.ctx, &kms.DecryptInput{CiphertextBlob: s.sealed, EncryptionContext: map[string]string{"a": "1"}})
	refused[*types.InvalidCiphertextException](err, "")
}

func (s *story) deleteMaterial() {
	s.deleted()
	told := s.describe(s.key)
	same("KeyState", told.KeyState, types.KeyStatePendingImport)
	same("Enabled", told.Enabled, false)
	same("CurrentKeyMaterialId", aws.ToString(told.CurrentKeyMaterialId), s.materialID)
	same("ExpirationModel", told.ExpirationModel, "")
}

func (s *story) decryptWithoutMaterial() {
	_, err := s.decrypt()
	refused[*types.KMSInvalidStateException](err, *s.key.Arn+" is pending import.")
}

func (s *story) importOtherMaterial() {
	before := s.describe(s.key)
	_, err := s.importMaterial(s.key.KeyId, random(32), nil)
	var incorrect *types.IncorrectKeyMaterialException
	holds(fmt.Sprintf("IncorrectKeyMaterialException expected, got %v", err), errors.As(err, &incorrect))
	holds("DescribeKey changed", reflect.DeepEqual(s.describe(s.key), before))
}

func (s *story) importAgain() {
	validTo := time.Now().Add(48 * time.Hour).Truncate(time.Second)
	same("KeyMaterialId", *must(s.importMaterial(s.key.KeyId, s.material, &validTo)).KeyMaterialId, s.materialID)
	told := s.describe(s.key)
	same("KeyState", told.KeyState, types.KeyStateEnabled)
	same("ExpirationModel", told.ExpirationModel, types.ExpirationModelTypeKeyMaterialExpires)
	holds(fmt.Sprintf("ValidTo: %v, not %v", told.ValidTo, validTo), told.ValidTo != nil && told.ValidTo.Equal(validTo))
}

func (s *story) decryptAgain() {
	same("Plaintext", string(must(s.decrypt()).Plaintext), "the secret")
}

func (s *story) scheduleDeletion() {
	answer := must(s.kms.ScheduleKeyDeletion(s.ctx, &kms.ScheduleKeyDeletionInput{KeyId: s.key.KeyId, PendingWindowInDays: aws.Int32(7)}))
	same("KeyId", *answer.KeyId, *s.key.Arn)
	same("KeyState", answer.KeyState, types.KeyStatePendingDeletion)
	same("PendingWindowInDays", aws.ToInt32(answer.PendingWindowInDays), 7)
	ahead("DeletionDate", answer.DeletionDate, 7*24*time.Hour)
	s.deletion = *answer.DeletionDate
}

func (s *story) deleteMaterialWhilePending() {
	s.deleted()
	told := s.describe(s.key)
	same("KeyState", told.KeyState, types.KeyStatePendingDeletion)
	same("DeletionDate", aws.ToTime(told.DeletionDate), s.deletion)
}

func (s *story) cancel() {
	same("KeyId", *must(s.kms.CancelKeyDeletion(s.ctx, &kms.CancelKeyDeletionInput{KeyId: s.key.KeyId})).KeyId, *s.key.Arn)
	told := s.describe(s.key)
	same("KeyState", told.KeyState, types.KeyStatePendingImport)
	holds("DeletionDate is there", told.DeletionDate == nil)
}

func (s *story) enableRefused() {
	_, err := s.kms.EnableKey(s.ctx, &kms.EnableKeyInput{KeyId: s.key.KeyId})
	refused[*types.KMSInvalidStateException](err, *s.key.Arn+" is pending import.")
	same("KeyState", s.describe(s.key).KeyState, types.KeyStatePendingImport)
}

func (s *story) cancelTwice() {
	_, err := s.kms.CancelKeyDeletion(s.ctx, &kms.CancelKeyDeletionInput{KeyId: s.key.KeyId})
	refused[*types.KMSInvalidStateException](err, *s.key.Arn+" is not pending deletion.")
}

func (s *story) importAfterCancel() {
	must(s.importMaterial(s.key.KeyId, s.material, nil))
	same("KeyState", s.describe(s.key).KeyState, types.KeyStateEnabled)
	same("Plaintext", string(must(s.decrypt()).Plaintext), "the secret")
}

func (s *story) ownKey() {
	s.own = *must(s.kms.CreateKey(s.ctx, &kms.CreateKeyInput{})).KeyMetadata
	scheduled := must(s.kms.ScheduleKeyDeletion(s.ctx, &kms.ScheduleKeyDeletionInput{KeyId: s.own.KeyId}))
	same("PendingWindowInDays", aws.ToInt32(scheduled.PendingWindowInDays), 30)
	same("KeyId", *must(s.kms.CancelKeyDeletion(s.ctx, &kms.CancelKeyDeletionInput{KeyId: s.own.KeyId})).KeyId, *s.own.Arn)
	same("KeyState", s.describe(s.own).KeyState, types.KeyStateDisabled)
	dataKey := &kms.GenerateDataKeyInput{KeyId: s.own.KeyId, KeySpec: types.DataKeySpecAes256}
	_, err := s.kms.GenerateDataKey(s.ctx, dataKey)
	refused[*types.DisabledException](err, *s.own.Arn+" is disabled.")
	must(s.kms.EnableKey(s.ctx, &kms.EnableKeyInput{KeyId: s.own.KeyId}))
	same("KeyState", s.describe(s.own).KeyState, types.KeyStateEnabled)
	same("the length of Plaintext", len(must(s.kms.GenerateDataKey(s.ctx, dataKey)).Plaintext), 32)
}

func (s *story) ownMaterial() {
	message := *s.own.Arn + " origin is AWS_KMS which is not valid for this operation."
	_, err := s.kms.DeleteImportedKeyMaterial(s.ctx, &kms.DeleteImportedKeyMaterialInput{KeyId: s.own.KeyId})
	refused[*types.UnsupportedOperationException](err, message)
	_, err = s.kms.GetParametersForImport(s.ctx, &kms.GetParametersForImportInput{
		KeyId: s.own.KeyId, WrappingAlgorithm: types.AlgorithmSpecRsaesOaepSha256, WrappingKeySpec: types.WrappingKeySpecRsa2048,
	})
	refused[*types.UnsupportedOperationException](err, message)
}

func (s *story) notFound() {
	id := "1234abcd-12ab-34cd-56ef-1234567890ab"
	arn := strings.Replace(*s.own.Arn, *s.own.KeyId, id, 1)
	_, err := s.kms.CancelKeyDeletion(s.ctx, &kms.CancelKeyDeletionInput{KeyId: &id})
	refused[*types.NotFoundException](err, "Key '"+arn+"' does not exist")
	_, err = s.kms.DeleteImportedKeyMaterial(s.ctx, &kms.DeleteImportedKeyMaterialInput{KeyId: aws.String("no-such-key")})
	refused[*types.NotFoundException](err, "Invalid keyId 'no-such-key'")
	same("exists", must(exists(s.ctx, s.kms, id)), false)
}

// docs: exceptions
func exists(ctx context.Context, client *kms.Client, id string) (bool, error) {
	_, err := client.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	var notFound *types.NotFoundException
	if errors.As(err, &notFound) {
		return false, nil
	}
	return err == nil, err
}

// docs: end

func (s *story) invalidARN() {
	alias := aws.String("alias/" + name + "-missing")
	_, err := s.kms.CancelKeyDeletion(s.ctx, &kms.CancelKeyDeletionInput{KeyId: alias})
	refused[*types.InvalidArnException](err, "Key Aliases are not supported for this operation.")
	_, err = s.kms.DeleteImportedKeyMaterial(s.ctx, &kms.DeleteImportedKeyMaterialInput{KeyId: alias})
	refused[*types.InvalidArnException](err, "Key Aliases are not supported for this operation.")
}

func (s *story) aliases() {
	for _, alias := range s.aliasNames() {
		must(s.kms.CreateAlias(s.ctx, &kms.CreateAliasInput{AliasName: &alias, TargetKeyId: s.own.KeyId}))
	}
	again := s.aliasNames()[3]
	_, err := s.kms.CreateAlias(s.ctx, &kms.CreateAliasInput{AliasName: &again, TargetKeyId: s.own.KeyId})
	arn := strings.Replace(*s.own.Arn, "key/"+*s.own.KeyId, again, 1)
	refused[*types.AlreadyExistsException](err, "An alias with the name "+arn+" already exists")
}

func (s *story) paginator() {
	listed, pages, err := aliasesOf(s.ctx, s.kms, s.own.KeyId)
	must(listed, err)
	same("the names", strings.Join(listed, " "), strings.Join(s.aliasNames(), " "))
	same("the number of pages", pages, 4)
}

// docs: paginator
func aliasesOf(ctx context.Context, client *kms.Client, id *string) (names []string, pages int, err error) {
	paginator := kms.NewListAliasesPaginator(client, &kms.ListAliasesInput{KeyId: id, Limit: aws.Int32(2)})
	for ; paginator.HasMorePages(); pages++ {
		page, err := paginator.NextPage(ctx)
		if err != nil {
			return nil, pages, err
		}
		for _, alias := range page.Aliases {
			names = append(names, *alias.AliasName)
		}
	}
	return names, pages, nil
}

// docs: end

func (s *story) cancelledCall() {
	// docs: cancel
	ctx, cancel := context.WithCancel(s.ctx)
	cancel() // from now on every call with this context ends in context.Canceled
	_, err := s.kms.ListKeys(ctx, &kms.ListKeysInput{})
	// docs: end
	holds(fmt.Sprintf("context.Canceled expected, got %v", err), errors.Is(err, context.Canceled))
	holds("the second call was not answered", len(must(s.kms.ListKeys(s.ctx, &kms.ListKeysInput{})).Keys) > 0)
}

// What the steps share.

// docs: import
func (s *story) importMaterial(id *string, material []byte, validTo *time.Time) (*kms.ImportKeyMaterialOutput, error) {
	parameters, err := s.kms.GetParametersForImport(s.ctx, &kms.GetParametersForImportInput{
		KeyId: id, WrappingAlgorithm: types.AlgorithmSpecRsaesOaepSha256, WrappingKeySpec: types.WrappingKeySpecRsa2048,
	})
	if err != nil {
		return nil, err
	}
	public, err := x509.ParsePKIXPublicKey(parameters.PublicKey)
	if err != nil {
		return nil, err
	}
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, public.(*rsa.PublicKey), material, nil)
	if err != nil {
		return nil, err
	}
	input := kms.ImportKeyMaterialInput{KeyId: id, ImportToken: parameters.ImportToken, EncryptedKeyMaterial: wrapped, ValidTo: validTo}
	if validTo == nil {
		input.ExpirationModel = types.ExpirationModelTypeKeyMaterialDoesNotExpire
	}
	return s.kms.ImportKeyMaterial(s.ctx, &input)
}

// docs: end

func (s *story) describe(key types.KeyMetadata) types.KeyMetadata {
	return *must(s.kms.DescribeKey(s.ctx, &kms.DescribeKeyInput{KeyId: key.KeyId})).KeyMetadata
}

func (s *story) decrypt() (*kms.DecryptOutput, error) {
	context := map[string]string{"ключ": "значение", "a": "1"}
	return s.kms.Decrypt(s.ctx, &kms.DecryptInput{CiphertextBlob: s.sealed, EncryptionContext: context})
}

func (s *story) deleted() {
	answer := must(s.kms.DeleteImportedKeyMaterial(s.ctx, &kms.DeleteImportedKeyMaterialInput{KeyId: s.key.KeyId}))
	same("KeyId", aws.ToString(answer.KeyId), *s.key.Arn)
	same("KeyMaterialId", aws.ToString(answer.KeyMaterialId), s.materialID)
}

func (s *story) aliasNames() (names []string) {
	for n := range 7 {
		names = append(names, fmt.Sprintf("alias/%s-%d-%s", name, n, *s.own.KeyId))
	}
	return names
}

// refused holds if the call failed with the SDK's type T, AWS's message, status 400 and a request id.
func refused[T smithy.APIError](err error, message string) {
	var typed T
	holds(fmt.Sprintf("%T expected, got %v", typed, err), errors.As(err, &typed))
	same("the message", typed.ErrorMessage(), message)
	var response *awshttp.ResponseError
	holds("the error has no response", errors.As(err, &response))
	same("the status", response.HTTPStatusCode(), 400)
	same("the length of the request id", len(response.ServiceRequestID()), 36)
}

func random(length int) []byte {
	out := make([]byte, length)
	_, _ = rand.Read(out) // never fails: it ends the program instead
	return out
}
