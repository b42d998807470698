using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace LoraDrop.Storage.Migrations.Postgres
{
    /// <inheritdoc />
    public partial class Files : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "device",
                table: "stages",
                type: "text",
                nullable: true,
                collation: "C");

            migrationBuilder.AddColumn<long>(
                name: "pass_tokens",
                table: "stages",
                type: "bigint",
                nullable: false,
                defaultValue: 0L);

            migrationBuilder.AddColumn<Guid>(
                name: "cloned_from",
                table: "jobs",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "train_file_id",
                table: "datasets",
                type: "uuid",
                nullable: true);

            migrationBuilder.AddColumn<Guid>(
                name: "validation_file_id",
                table: "datasets",
                type: "uuid",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "files",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    owner = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    name = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    format = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    key = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    bytes = table.Column<long>(type: "bigint", nullable: false),
                    sha256 = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    deleted_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_files", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_datasets_train_file_id",
                table: "datasets",
                column: "train_file_id");

            migrationBuilder.CreateIndex(
                name: "ix_datasets_validation_file_id",
                table: "datasets",
                column: "validation_file_id");

            migrationBuilder.CreateIndex(
                name: "ix_files_owner_id",
                table: "files",
                columns: new[] { "owner", "id" },
                filter: "deleted_at IS NULL");

            migrationBuilder.AddForeignKey(
                name: "fk_datasets_files_train_file_id",
                table: "datasets",
                column: "train_file_id",
                principalTable: "files",
                principalColumn: "id",
                onDelete: ReferentialAction.Restrict);

            migrationBuilder.AddForeignKey(
                name: "fk_datasets_files_validation_file_id",
                table: "datasets",
                column: "validation_file_id",
                principalTable: "files",
                principalColumn: "id",
                onDelete: ReferentialAction.Restrict);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "fk_datasets_files_train_file_id",
                table: "datasets");

            migrationBuilder.DropForeignKey(
                name: "fk_datasets_files_validation_file_id",
                table: "datasets");

            migrationBuilder.DropTable(
                name: "files");

            migrationBuilder.DropIndex(
                name: "ix_datasets_train_file_id",
                table: "datasets");

            migrationBuilder.DropIndex(
                name: "ix_datasets_validation_file_id",
                table: "datasets");

            migrationBuilder.DropColumn(
                name: "device",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "pass_tokens",
                table: "stages");

            migrationBuilder.DropColumn(
                name: "cloned_from",
                table: "jobs");

            migrationBuilder.DropColumn(
                name: "train_file_id",
                table: "datasets");

            migrationBuilder.DropColumn(
                name: "validation_file_id",
                table: "datasets");
        }
    }
}
